"""`register` (J-LIS, 住民基本台帳ネットワーク): residents and numbers. Never sees a code."""
