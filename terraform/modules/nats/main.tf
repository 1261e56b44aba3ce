data "aws_region" "current" {}

data "aws_ec2_instance_type" "this" {
  instance_type = var.servers.instance_type
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${local.architecture}"
}

data "aws_iam_policy_document" "instances" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "secret" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }
}

locals {
  architecture = contains(data.aws_ec2_instance_type.this.supported_architectures, "arm64") ? "arm64" : "x86_64"
  servers      = { for index, subnet in var.subnets : "nats-${index + 1}" => subnet }
  # Fixed, so that a server that is replaced is found again. AWS keeps the first four addresses of a subnet.
  addresses = { for name, subnet in local.servers : name => cidrhost(subnet.cidr, 10) }
}

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-nats-"
  description = "NATS of ${var.name}"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "gateways" {
  security_group_id            = aws_security_group.this.id
  description                  = "Clients: the gateways"
  referenced_security_group_id = var.gateway_group_id
  ip_protocol                  = "tcp"
  from_port                    = 4222
  to_port                      = 4222
}

resource "aws_vpc_security_group_ingress_rule" "routes" {
  security_group_id            = aws_security_group.this.id
  description                  = "Routes among the servers"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = 6222
  to_port                      = 6222
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this.id
  description       = "Routes, the release, the secret"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_iam_role" "this" {
  name_prefix        = "${var.name}-nats-"
  assume_role_policy = data.aws_iam_policy_document.instances.json
}

resource "aws_iam_role_policy" "secret" {
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.secret.json
}

resource "aws_iam_instance_profile" "this" {
  name_prefix = "${var.name}-nats-"
  role        = aws_iam_role.this.name
}

resource "aws_instance" "this" {
  for_each = local.servers

  ami                    = data.aws_ssm_parameter.image.insecure_value
  instance_type          = var.servers.instance_type
  subnet_id              = each.value.id
  private_ip             = local.addresses[each.key]
  vpc_security_group_ids = [aws_security_group.this.id]
  iam_instance_profile   = aws_iam_instance_profile.this.name
  ebs_optimized          = true

  user_data_replace_on_change = true
  user_data = templatefile("${path.module}/start.sh.tftpl", {
    name       = each.key
    cluster    = var.name
    archive    = var.servers.archive
    sha256     = var.servers.sha256
    secret_arn = var.secret_arn
    region     = data.aws_region.current.name
    routes     = [for name, address in local.addresses : address if name != each.key]
    volume_id  = replace(aws_ebs_volume.this[each.key].id, "-", "")
  })

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    volume_size = 10
  }

  tags = { Name = "${var.name}-${each.key}" }

  lifecycle {
    # A new image is taken when a server is replaced on purpose, one after the other.
    ignore_changes = [ami]
  }
}

# Apart from the instance, so that a server that is replaced has its streams at once.
resource "aws_ebs_volume" "this" {
  for_each = local.servers

  availability_zone = each.value.zone
  type              = "gp3"
  size              = var.servers.volume_gb
  iops              = var.servers.volume_iops
  throughput        = 250
  encrypted         = true

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_volume_attachment" "this" {
  for_each = local.servers

  device_name                    = "/dev/sdf"
  instance_id                    = aws_instance.this[each.key].id
  volume_id                      = aws_ebs_volume.this[each.key].id
  stop_instance_before_detaching = true
}
