"""`linkage` (情報提供ネットワークシステム): permits exchanges. Never sees who or what."""
