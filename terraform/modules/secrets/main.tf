# No password is in the state: each is written to its secret, and to the database, and not read again.

resource "aws_secretsmanager_secret" "postgres" {
  name_prefix = "${var.name}-postgres-"
  description = "Password of the gateways at PostgreSQL"
}

resource "aws_secretsmanager_secret_version" "postgres" {
  secret_id                = aws_secretsmanager_secret.postgres.id
  secret_string_wo         = var.passwords.postgres
  secret_string_wo_version = var.password_version
}

resource "aws_secretsmanager_secret" "nats" {
  count = var.nats ? 1 : 0

  name_prefix = "${var.name}-nats-"
  description = "Password of the gateways at NATS, and of the NATS servers among themselves"
}

resource "aws_secretsmanager_secret_version" "nats" {
  count = var.nats ? 1 : 0

  secret_id                = aws_secretsmanager_secret.nats[0].id
  secret_string_wo         = var.passwords.nats
  secret_string_wo_version = var.password_version
}
