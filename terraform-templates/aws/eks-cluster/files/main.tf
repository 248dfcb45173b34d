resource "aws_kms_key" "<<name>>" {
  description             = "Secrets of the cluster <<clusterName>>"
  enable_key_rotation     = true
  deletion_window_in_days = 30

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }
}

resource "aws_cloudwatch_log_group" "<<name>>" {
  name              = "/aws/eks/<<clusterName>>/cluster"
  retention_in_days = "<<logDays>>"

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }
}

resource "aws_iam_role" "<<name>>_cluster" {
  name = "<<clusterName>>-cluster"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "eks.amazonaws.com" }
        Action    = ["sts:AssumeRole", "sts:TagSession"]
      },
    ]
  })

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }
}

resource "aws_iam_role_policy_attachment" "<<name>>_cluster" {
  role       = aws_iam_role.<<name>>_cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_eks_cluster" "<<name>>" {
  name     = "<<clusterName>>"
  version  = "<<version>>"
  role_arn = aws_iam_role.<<name>>_cluster.arn

  enabled_cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = aws_kms_key.<<name>>.arn
    }
  }

  vpc_config {
    subnet_ids              = "<<subnetIds>>"
    endpoint_private_access = true
    endpoint_public_access  = false
  }

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }

  depends_on = [aws_iam_role_policy_attachment.<<name>>_cluster, aws_cloudwatch_log_group.<<name>>]
}

resource "aws_eks_access_entry" "<<name>>_admin" {
  cluster_name  = aws_eks_cluster.<<name>>.name
  principal_arn = "<<adminRoleArn>>"

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }
}

resource "aws_eks_access_policy_association" "<<name>>_admin" {
  cluster_name  = aws_eks_cluster.<<name>>.name
  principal_arn = aws_eks_access_entry.<<name>>_admin.principal_arn
  policy_arn    = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

resource "aws_iam_role" "<<name>>_nodes" {
  name = "<<clusterName>>-nodes"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "ec2.amazonaws.com" }
        Action    = "sts:AssumeRole"
      },
    ]
  })

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }
}

resource "aws_iam_role_policy_attachment" "<<name>>_nodes" {
  for_each = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"])

  role       = aws_iam_role.<<name>>_nodes.name
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
}

resource "aws_eks_node_group" "<<name>>" {
  cluster_name    = aws_eks_cluster.<<name>>.name
  node_group_name = "<<clusterName>>-default"
  node_role_arn   = aws_iam_role.<<name>>_nodes.arn
  subnet_ids      = "<<subnetIds>>"
  instance_types  = ["<<nodeType>>"]

  scaling_config {
    desired_size = "<<minNodes>>"
    min_size     = "<<minNodes>>"
    max_size     = "<<maxNodes>>"
  }

  update_config {
    max_unavailable = 1
  }

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }

  depends_on = [aws_iam_role_policy_attachment.<<name>>_nodes]
}
