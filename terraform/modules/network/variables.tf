variable "name" {
  description = "Prefix of names."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network."
  type        = string
}

variable "nat_gateways" {
  description = "1 or 3."
  type        = number
}
