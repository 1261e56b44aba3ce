resource "aws_sns_topic" "this" {
  count = var.topic_arn == null ? 1 : 0

  # Without a key: CloudWatch may not use `alias/aws/sns`, and no alarm would arrive. None has a secret in it.
  name = "${var.name}-alarms"
}

locals {
  topic_arn = var.topic_arn == null ? aws_sns_topic.this[0].arn : var.topic_arn
  gigabyte  = 1024 * 1024 * 1024

  balancer = { LoadBalancer = var.balancer_suffix }
  target   = { LoadBalancer = var.balancer_suffix, TargetGroup = var.target_suffix }
  service  = { ClusterName = var.cluster_name, ServiceName = var.service_name }
  database = { DBInstanceIdentifier = var.database_id }

  alarms = merge(
    {
      "gateways-unready" = {
        description = "Fewer gateways are ready than there should be"
        namespace   = "AWS/ApplicationELB", metric = "HealthyHostCount", dimensions = local.target
        statistic   = "Minimum", below = var.gateways, minutes = 3
      }
      "gateways-errors" = {
        description = "The gateways answer with 5xx"
        namespace   = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count", dimensions = local.target
        statistic   = "Sum", above = 50, minutes = 5
      }
      "balancer-errors" = {
        description = "The balancer finds no gateway for requests"
        namespace   = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count", dimensions = local.balancer
        statistic   = "Sum", above = 10, minutes = 3
      }
      "gateways-cpu" = {
        description = "The gateways use most of their processors"
        namespace   = "AWS/ECS", metric = "CPUUtilization", dimensions = local.service
        statistic   = "Average", above = 80, minutes = 10
      }
      "gateways-memory" = {
        description = "The gateways use most of their memory"
        namespace   = "AWS/ECS", metric = "MemoryUtilization", dimensions = local.service
        statistic   = "Maximum", above = 85, minutes = 5
      }
      "postgres-cpu" = {
        description = "PostgreSQL uses most of its processors"
        namespace   = "AWS/RDS", metric = "CPUUtilization", dimensions = local.database
        statistic   = "Average", above = 80, minutes = 10
      }
      "postgres-storage" = {
        description = "A tenth of PostgreSQL's storage is left"
        namespace   = "AWS/RDS", metric = "FreeStorageSpace", dimensions = local.database
        statistic   = "Minimum", below = var.storage_gb * local.gigabyte / 10, minutes = 5
      }
    },
    {
      for name, id in var.nats_instances : "${name}-status" => {
        description = "The server ${name} fails the checks of its instance"
        namespace   = "AWS/EC2", metric = "StatusCheckFailed", dimensions = { InstanceId = id }
        statistic   = "Maximum", above = 0, minutes = 2
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.minutes
  comparison_operator = can(each.value.above) ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = try(each.value.above, each.value.below)
  # No request means no errors; a gateway or a server that reports nothing is not there.
  treat_missing_data = each.value.statistic == "Sum" ? "notBreaching" : "breaching"
  alarm_actions      = [local.topic_arn]
  ok_actions         = [local.topic_arn]
}
