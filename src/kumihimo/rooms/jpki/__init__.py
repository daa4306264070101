"""公的個人認証サービス: the certification authority of the card's two certificates, and their status."""
