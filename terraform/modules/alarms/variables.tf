variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "topic_arn" {
  description = "SNS topic of the alarms; null: a new one."
  type        = string
}

variable "balancer_suffix" {
  description = "The balancer, as CloudWatch names it."
  type        = string
}

variable "target_suffix" {
  description = "Its target group of port 9000."
  type        = string
}

variable "cluster_name" {
  description = "The ECS cluster."
  type        = string
}

variable "service_name" {
  description = "The ECS service."
  type        = string
}

variable "gateways" {
  description = "Number of gateways that should be ready."
  type        = number
}

variable "database_id" {
  description = "The RDS instance."
  type        = string
}

variable "storage_gb" {
  description = "Its storage."
  type        = number
}

variable "nats_instances" {
  description = "Ids of the NATS servers' instances, by name."
  type        = map(string)
}
