output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "zones" {
  description = "The three availability zones."
  value       = local.zones
}

output "public_subnet_ids" {
  description = "Of the balancer, one in each zone."
  value       = aws_subnet.public[*].id
  # A balancer that is made before the way in is refused.
  depends_on = [aws_route_table_association.public]
}

output "public_cidrs" {
  description = "Addresses that the balancer connects from."
  value       = aws_subnet.public[*].cidr_block
}

output "private_subnet_ids" {
  description = "Of everything else, one in each zone."
  value       = aws_subnet.private[*].id
}

output "private_subnets" {
  description = "The same with their addresses and zones."
  # An instance downloads what it runs when it starts, once.
  depends_on = [aws_route_table_association.private]
  value = [
    for subnet in aws_subnet.private : {
      id   = subnet.id
      cidr = subnet.cidr_block
      zone = subnet.availability_zone
    }
  ]
}
