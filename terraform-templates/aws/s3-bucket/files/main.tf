resource "aws_s3_bucket" "<<name>>" {
  bucket = "<<bucket>>"

  tags = {
    owner       = "<<owner>>"
    environment = "<<target.environment>>"
    managed-by  = "planwarden"
  }
}

resource "aws_s3_bucket_ownership_controls" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_versioning" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = "<<oldVersionDays>>"
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.<<name>>]
}

resource "aws_s3_bucket_logging" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  target_bucket = "<<logBucket>>"
  target_prefix = "s3/<<bucket>>/"
}

resource "aws_s3_bucket_policy" "<<name>>" {
  bucket = aws_s3_bucket.<<name>>.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.<<name>>.arn, "${aws_s3_bucket.<<name>>.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.<<name>>]
}
