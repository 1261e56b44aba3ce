variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "image" {
  description = "Image of the gateway."
  type        = string
}

variable "gateways" {
  description = "Number, CPU units and MiB of the gateways."
  type = object({
    count  = number
    cpu    = number
    memory = number
  })
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one in each zone."
  type        = list(string)
}

variable "balancer_group_id" {
  description = "Security group of the balancer."
  type        = string
}

variable "http_target_arn" {
  description = "Target group of port 9000."
  type        = string
}

variable "grpc_target_arn" {
  description = "Target group of port 4025."
  type        = string
}

variable "environment" {
  description = "Settings without secrets, by name."
  type        = map(string)
}

variable "secrets" {
  description = "Where Secrets Manager has the others, by name: an ARN, with `:key::` behind it for one value of a JSON secret."
  type        = map(string)
}
