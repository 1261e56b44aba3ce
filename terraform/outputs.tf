output "url" {
  description = "Address of the gateways over HTTPS: REST, pages, SSE, WebSocket, Connect and gRPC-Web."
  value       = "https://${var.domain}"
}

output "grpc_address" {
  description = "Address for gRPC clients, over TLS."
  value       = "${var.domain}:443"
}

output "balancer_dns_name" {
  description = "Name that AWS gave the balancer; the record of the domain points to it."
  value       = module.balancer.dns_name
}

output "zones" {
  description = "Availability zones of the network."
  value       = module.network.zones
}

output "log_group" {
  description = "CloudWatch log group of the gateways."
  value       = module.gateways.log_group
}

output "ecs" {
  description = "Cluster and service, for `aws ecs update-service` and `describe-services`."
  value       = { cluster = module.gateways.cluster_name, service = module.gateways.service_name }
}

output "database_secret_arn" {
  description = "Secret with the database's password."
  value       = module.secrets.postgres_secret_arn
}

output "nats_instances" {
  description = "Ids of the NATS servers' instances; empty where the log is in PostgreSQL."
  value       = var.nats == null ? {} : module.nats[0].instances
}

output "alarm_topic_arn" {
  description = "SNS topic to subscribe to."
  value       = module.alarms.topic_arn
}

output "assurances" {
  description = "What an audit looks for first: the listener, the database's exposure, the zones and encryption of the volumes."
  value = {
    listener     = module.balancer.listener
    database     = module.postgres.exposure
    nats_volumes = var.nats == null ? {} : module.nats[0].volumes
  }
}
