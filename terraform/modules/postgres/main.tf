resource "aws_security_group" "this" {
  name_prefix = "${var.name}-postgres-"
  description = "PostgreSQL of ${var.name}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "gateways" {
  security_group_id            = aws_security_group.this.id
  description                  = "From the gateways"
  referenced_security_group_id = var.gateway_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_subnet_group" "this" {
  name_prefix = "${var.name}-"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres17"
  description = "TLS for everybody, and what Sluice's writes gain from"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "wal_compression"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier_prefix = "${var.name}-"
  engine            = "postgres"
  engine_version    = "17"
  instance_class    = var.database.instance_class

  db_name  = "sluice"
  username = "sluice"
  # Not RDS' own secret: RDS changes that password every week, and running gateways would keep the old one.
  password_wo         = var.password
  password_wo_version = var.password_version

  storage_type          = "gp3"
  storage_encrypted     = true
  allocated_storage     = var.database.storage_gb
  max_allocated_storage = var.database.storage_gb_max

  multi_az               = var.database.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name

  backup_retention_period      = var.database.backup_days
  copy_tags_to_snapshot        = true
  deletion_protection          = var.database.deletion_protection
  skip_final_snapshot          = !var.database.deletion_protection
  final_snapshot_identifier    = var.database.deletion_protection ? "${var.name}-final" : null
  auto_minor_version_upgrade   = true
  performance_insights_enabled = true
}
