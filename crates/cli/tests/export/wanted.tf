# The ECR of account 123456789012 in us-east-1 that AWS HealthOmics pulls through.
# Needs the provider hashicorp/aws 6.10 or later, for that account and Region.

# A registry has one policy in a Region, and this resource replaces all of it: what others grant there
# has to stand here too.
resource "aws_ecr_registry_policy" "registry" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "HealthOmicsPullThrough"
        Effect = "Allow"
        Principal = {
          Service = "omics.amazonaws.com"
        }
        Action = [
          "ecr:CreateRepository",
          "ecr:BatchImportUpstreamImage",
        ]
        Resource = [
          "arn:aws:ecr:us-east-1:123456789012:repository/bio/*",
          "arn:aws:ecr:us-east-1:123456789012:repository/docker-hub/*",
        ]
      },
    ]
  })
}

resource "aws_ecr_repository_creation_template" "bio" {
  prefix               = "bio"
  description          = "Repositories that AWS HealthOmics pulls through (omics-ecr)"
  applied_for          = ["PULL_THROUGH_CACHE"]
  image_tag_mutability = "MUTABLE"
  repository_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "HealthOmicsReadAccess"
        Effect = "Allow"
        Principal = {
          Service = "omics.amazonaws.com"
        }
        Action = [
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
          "ecr:BatchCheckLayerAvailability",
        ]
      },
    ]
  })
}

resource "aws_ecr_repository_creation_template" "docker_hub" {
  prefix               = "docker-hub"
  description          = "Repositories that AWS HealthOmics pulls through (omics-ecr)"
  applied_for          = ["PULL_THROUGH_CACHE"]
  image_tag_mutability = "MUTABLE"
  repository_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "HealthOmicsReadAccess"
        Effect = "Allow"
        Principal = {
          Service = "omics.amazonaws.com"
        }
        Action = [
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
          "ecr:BatchCheckLayerAvailability",
        ]
      },
    ]
  })
}

resource "aws_ecr_pull_through_cache_rule" "bio" {
  ecr_repository_prefix      = "bio"
  upstream_registry_url      = "quay.io"
  upstream_repository_prefix = "biocontainers"
  depends_on = [
    aws_ecr_registry_policy.registry,
    aws_ecr_repository_creation_template.bio,
    aws_ecr_repository_creation_template.docker_hub,
  ]
}

resource "aws_ecr_pull_through_cache_rule" "docker_hub" {
  ecr_repository_prefix = "docker-hub"
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
  depends_on = [
    aws_ecr_registry_policy.registry,
    aws_ecr_repository_creation_template.bio,
    aws_ecr_repository_creation_template.docker_hub,
  ]
}

resource "aws_iam_role" "healthomics_run" {
  name = "run"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "omics.amazonaws.com"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "123456789012"
          }
          ArnLike = {
            "aws:SourceArn" = "arn:aws:omics:us-east-1:123456789012:run/*"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy" "healthomics_run" {
  name = "images"
  role = aws_iam_role.healthomics_run.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = [
          "ecr:GetDownloadUrlForLayer",
          "ecr:BatchGetImage",
          "ecr:BatchCheckLayerAvailability",
        ]
        Resource = [
          "arn:aws:ecr:us-east-1:123456789012:repository/bio/*",
          "arn:aws:ecr:us-east-1:123456789012:repository/docker-hub/*",
        ]
      },
      {
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
    ]
  })
}
