output "topic_arn" {
  description = "SNS topic of the alarms."
  value       = local.topic_arn
}
