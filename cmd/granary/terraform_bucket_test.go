package main

import (
	"strings"
	"testing"
)

// everydayBucket is what common modules make a bucket of.
const everydayBucket = `
resource "aws_s3_bucket" "b" {
  bucket        = "larkspur-everyday"
  force_destroy = true
  tags          = { team = "red", cost = "7" }
}

resource "aws_s3_bucket_public_access_block" "b" {
  bucket                  = aws_s3_bucket.b.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "b" {
  bucket = aws_s3_bucket.b.id
  rule { object_ownership = "BucketOwnerEnforced" }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "b" {
  bucket = aws_s3_bucket.b.id
  rule {
    apply_server_side_encryption_by_default { sse_algorithm = "AES256" }
  }
}

resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration { status = "Disabled" }
}

resource "aws_s3_object" "o" {
  bucket                 = aws_s3_bucket.b.id
  key                    = "reports/q3.csv"
  content                = "month,amount\n"
  server_side_encryption = "AES256"
  tags                   = { class = "open" }
}
`

// The everyday bucket of Terraform's modules is made, changed, taken in and destroyed, with a clean plan after each.
func TestTerraformMakesEverydayBuckets(t *testing.T) {
	t.Parallel()
	tf := newTerraform(t)
	tf.configure(everydayBucket)
	tf.apply()
	tf.configure(strings.NewReplacer(`cost = "7"`, `cost = "8"`, `class = "open"`, `class = "shut"`).
		Replace(everydayBucket))
	tf.apply()
	tf.imports(map[string]string{"aws_s3_bucket_public_access_block.b": "larkspur-everyday",
		"aws_s3_bucket_ownership_controls.b":                   "larkspur-everyday",
		"aws_s3_bucket_server_side_encryption_configuration.b": "larkspur-everyday"})
	tf.refused(strings.Replace(everydayBucket, "block_public_acls       = true", "block_public_acls       = false", 1),
		"Block Public Access is always on here")
	tf.refused(strings.Replace(everydayBucket, `"Disabled"`, `"Enabled"`, 1), "Versioning is not implemented")
	tf.configure(everydayBucket)
	tf.apply()
	tf.destroy()
}
