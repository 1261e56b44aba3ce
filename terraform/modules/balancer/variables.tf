variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets, one in each zone."
  type        = list(string)
}

variable "clients" {
  description = "Networks that may connect."
  type        = list(string)
}

variable "domain" {
  description = "Host name of the certificate and the record."
  type        = string
}

variable "zone_id" {
  description = "Hosted zone of the domain."
  type        = string
}

variable "tls_policy" {
  description = "Security policy of the listener."
  type        = string
}

variable "gateway_group_id" {
  description = "Security group of the gateways."
  type        = string
}
