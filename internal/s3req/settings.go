package s3req

import "net/http"

// settingRows are the operations on the settings of a bucket. Deleting most settings needs the action that puts them.
func settingRows() map[place]*Operation {
	rows := map[place]*Operation{
		{bucket, "GET", "location"}:     get("GetBucketLocation", "s3:GetBucketLocation"),
		{bucket, "GET", "policyStatus"}: get("GetBucketPolicyStatus", "s3:GetBucketPolicyStatus"),
		{bucket, "GET", "policy"}:       get("GetBucketPolicy", "s3:GetBucketPolicy"),
		{bucket, "PUT", "policy"}:       put("PutBucketPolicy", "s3:PutBucketPolicy").takes(maxPolicy),
		{bucket, "DELETE", "policy"}:    write("DeleteBucketPolicy", "s3:DeleteBucketPolicy"),
		{bucket, "GET", "tagging"}:      get("GetBucketTagging", "s3:GetBucketTagging"),
		{bucket, "PUT", "tagging"}:      put("PutBucketTagging", "s3:PutBucketTagging").tests(readBucketTags),
		{bucket, "DELETE", "tagging"}:   write("DeleteBucketTagging", "s3:PutBucketTagging"),
		{bucket, "GET", "acl"}:          get("GetBucketAcl", "s3:GetBucketAcl"),
		{bucket, "PUT", "acl"}:          put("PutBucketAcl", "s3:PutBucketAcl").readHeaders(aclHeaders),

		{bucket, "GET", "publicAccessBlock"}:    get("GetBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
		{bucket, "PUT", "publicAccessBlock"}:    put("PutBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
		{bucket, "DELETE", "publicAccessBlock"}: write("DeleteBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
		{bucket, "GET", "ownershipControls"}:    get("GetBucketOwnershipControls", "s3:GetBucketOwnershipControls"),
		{bucket, "PUT", "ownershipControls"}:    put("PutBucketOwnershipControls", "s3:PutBucketOwnershipControls"),
		{bucket, "DELETE", "ownershipControls"}: write("DeleteBucketOwnershipControls", "s3:PutBucketOwnershipControls"),

		{bucket, "GET", "encryption"}:     get("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
		{bucket, "PUT", "encryption"}:     put("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
		{bucket, "DELETE", "encryption"}:  write("DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
		{bucket, "GET", "versioning"}:     get("GetBucketVersioning", "s3:GetBucketVersioning"),
		{bucket, "PUT", "versioning"}:     put("PutBucketVersioning", "s3:PutBucketVersioning"),
		{bucket, "GET", "requestPayment"}: get("GetBucketRequestPayment", "s3:GetBucketRequestPayment"),
		{bucket, "PUT", "requestPayment"}: put("PutBucketRequestPayment", "s3:PutBucketRequestPayment"),
		{bucket, "GET", "accelerate"}:     get("GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration"),
		{bucket, "PUT", "accelerate"}:     put("PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration"),
		{bucket, "GET", "abac"}:           get("GetBucketAbac", "s3:GetBucketAbac"),
		{bucket, "PUT", "abac"}:           put("PutBucketAbac", "s3:PutBucketAbac"),
		{bucket, "GET", "logging"}:        get("GetBucketLogging", "s3:GetBucketLogging"),
		{bucket, "PUT", "logging"}:        put("PutBucketLogging", "s3:PutBucketLogging"),
		{bucket, "GET", "notification"}:   get("GetBucketNotification", "s3:GetBucketNotification"),
		{bucket, "PUT", "notification"}:   put("PutBucketNotification", "s3:PutBucketNotification"),

		{bucket, "GET", "cors"}:           get("GetBucketCors", "s3:GetBucketCORS"),
		{bucket, "PUT", "cors"}:           put("PutBucketCors", "s3:PutBucketCORS"),
		{bucket, "DELETE", "cors"}:        write("DeleteBucketCors", "s3:PutBucketCORS"),
		{bucket, "GET", "lifecycle"}:      get("GetBucketLifecycle", "s3:GetLifecycleConfiguration"),
		{bucket, "PUT", "lifecycle"}:      put("PutBucketLifecycle", "s3:PutLifecycleConfiguration"),
		{bucket, "DELETE", "lifecycle"}:   write("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
		{bucket, "GET", "website"}:        get("GetBucketWebsite", "s3:GetBucketWebsite"),
		{bucket, "PUT", "website"}:        put("PutBucketWebsite", "s3:PutBucketWebsite"),
		{bucket, "DELETE", "website"}:     write("DeleteBucketWebsite", "s3:DeleteBucketWebsite"),
		{bucket, "GET", "replication"}:    get("GetBucketReplication", "s3:GetReplicationConfiguration"),
		{bucket, "PUT", "replication"}:    put("PutBucketReplication", "s3:PutReplicationConfiguration"),
		{bucket, "DELETE", "replication"}: write("DeleteBucketReplication", "s3:PutReplicationConfiguration"),
		{bucket, "GET", "object-lock"}:    get("GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
		{bucket, "PUT", "object-lock"}:    put("PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
	}
	for _, c := range NamedConfigurations {
		get := get("GetBucket"+c.Name+"Configuration", "s3:Get"+c.Name+"Configuration")
		put := put("PutBucket"+c.Name+"Configuration", "s3:Put"+c.Name+"Configuration")
		remove := write("DeleteBucket"+c.Name+"Configuration", "s3:Put"+c.Name+"Configuration")
		for method, o := range map[string]*Operation{http.MethodGet: get, http.MethodPut: put, http.MethodDelete: remove} {
			rows[place{bucket, method, c.selector}] = o.readParams("id continuation-token")
		}
	}
	for _, o := range rows {
		o.Manage = true
		if o.Body && o.Document == 0 {
			o.Document = maxSetting
		}
	}
	return rows
}

// NamedConfigurations are the settings of which a bucket may have several, each with an id.
var NamedConfigurations = []struct {
	Name     string // in the names of the operations and actions
	List     string // root element of a list of them
	selector string
}{
	{"Analytics", "ListBucketAnalyticsConfigurationResult", "analytics"},
	{"Metrics", "ListMetricsConfigurationsResult", "metrics"},
	{"Inventory", "ListInventoryConfigurationsResult", "inventory"},
	{"IntelligentTiering", "ListBucketIntelligentTieringConfigurationsOutput", "intelligent-tiering"},
}
