variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, one in each zone."
  type        = list(string)
}

variable "gateway_group_id" {
  description = "Security group of the gateways."
  type        = string
}

variable "database" {
  description = "Class, storage, standby, backups and protection."
  type = object({
    instance_class      = string
    storage_gb          = number
    storage_gb_max      = number
    multi_az            = bool
    backup_days         = number
    deletion_protection = bool
  })
}

variable "password" {
  description = "Of the user sluice; it is not kept in the state."
  type        = string
  ephemeral   = true
}

variable "password_version" {
  description = "A higher number takes the new password."
  type        = number
}
