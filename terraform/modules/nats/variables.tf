variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnets" {
  description = "Three private subnets, each in another zone."
  type = list(object({
    id   = string
    cidr = string
    zone = string
  }))

  validation {
    condition     = length(var.subnets) == 3
    error_message = "subnets must be three: two of three servers are a majority."
  }
}

variable "gateway_group_id" {
  description = "Security group of the gateways."
  type        = string
}

variable "servers" {
  description = "Release, type of instance and volume."
  type = object({
    archive       = string
    sha256        = string
    instance_type = string
    volume_gb     = number
    volume_iops   = number
  })
}

variable "secret_arn" {
  description = "Secret with the password."
  type        = string
}
