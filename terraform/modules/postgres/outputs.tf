output "id" {
  description = "The instance, as CloudWatch names it."
  value       = aws_db_instance.this.identifier
}

output "url" {
  description = "DATABASE_URL without the password."
  value       = "postgres://sluice@${aws_db_instance.this.endpoint}/sluice?sslmode=require"
}

output "exposure" {
  description = "Whether the database is public, encrypted, and has a standby."
  value = {
    public    = aws_db_instance.this.publicly_accessible
    encrypted = aws_db_instance.this.storage_encrypted
    standby   = aws_db_instance.this.multi_az
  }
}
