output "postgres_secret_arn" {
  description = "The secret with the password of PostgreSQL."
  value       = aws_secretsmanager_secret.postgres.arn
  # A secret without a version cannot be read.
  depends_on = [aws_secretsmanager_secret_version.postgres]
}

output "nats_secret_arn" {
  description = "The secret with the password of NATS; null without NATS."
  value       = one(aws_secretsmanager_secret.nats[*].arn)
  depends_on  = [aws_secretsmanager_secret_version.nats]
}
