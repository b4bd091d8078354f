package s3req

import "maps"

// The most bytes of a document that is a request's body.
const (
	maxSetting  = 64 << 10
	maxLocation = 64 << 10
	maxPolicy   = 20 << 10
	maxDelete   = 2 << 20
	maxComplete = 4 << 20
)

// table holds every operation by the one place where it stands.
var table map[place]*Operation

func init() {
	table = map[place]*Operation{}
	for _, rows := range []map[place]*Operation{bucketRows(), objectRows(), uploadRows(), settingRows()} {
		maps.Copy(table, rows)
	}
	index(table)
}

// bucketRows are the operations on the service and on buckets, without the settings of buckets.
func bucketRows() map[place]*Operation {
	const (
		listV2 = "max-keys start-after continuation-token fetch-owner"
		create = "x-amz-object-ownership x-amz-bucket-object-lock-enabled x-amz-bucket-namespace" + aclHeaders
	)
	rows := map[place]*Operation{
		{service, "GET", ""}:         get("ListBuckets", "").needs(allBuckets).manage().reads(parseBuckets),
		{bucket, "HEAD", ""}:         get("HeadBucket", "s3:ListBucket"),
		{bucket, "GET", ""}:          get("ListObjects", "s3:ListBucket").lists("max-keys marker", parseListV1),
		{bucket, "GET", "list-type"}: get("ListObjectsV2", "s3:ListBucket").lists(listV2, parseListV2).event("ListObjects"),
		{bucket, "GET", "versions"}: get("ListObjectVersions", "s3:ListBucketVersions").
			lists("max-keys key-marker version-id-marker", parseListVersions),
		{bucket, "GET", "uploads"}: get("ListMultipartUploads", "s3:ListBucketMultipartUploads").
			lists("max-uploads key-marker upload-id-marker", parseListUploads),
		{bucket, "PUT", ""}: put("CreateBucket", "s3:CreateBucket").readHeaders(create).manage().
			takes(maxLocation).tests(readLocation).needs(createBucketNeeds).reads(parseCreateBucket),
		{bucket, "DELETE", ""}:     write("DeleteBucket", "s3:DeleteBucket").manage(),
		{bucket, "POST", "delete"}: put("DeleteObjects", "").takes(maxDelete).tests(readDelete),
	}
	rows[place{service, "GET", ""}].readParams("prefix max-buckets continuation-token bucket-region")
	rows[place{bucket, "PUT", ""}].NoBucket = true
	rows[place{bucket, "POST", "delete"}].digested = true
	return rows
}

// objectRows are the operations on objects.
func objectRows() map[place]*Operation {
	const attributes = "x-amz-object-attributes x-amz-max-parts x-amz-part-number-marker"
	read := func(name string) *Operation {
		return get(name, "s3:GetObject").versioned().readParams(responseParams).readHeaders(readHeaders).reads(parseGet)
	}
	tags := func(o *Operation) *Operation { return o.takes(maxSetting).tests(readObjectTags) }
	setting := func(name, action string) *Operation { return put(name, action).takes(maxSetting) }
	return map[place]*Operation{
		{object, "GET", ""}:  read("GetObject").encrypted(),
		{object, "HEAD", ""}: read("HeadObject").encrypted(),
		{object, "PUT", ""}: put("PutObject", "s3:PutObject").readHeaders(objectHeaders + writeConditions).
			tagged(parseTagHeader).needs(putNeeds).reads(parsePut).creating().encrypted(),
		{object, "PUT", "copy"}: write("CopyObject", "s3:PutObject").readHeaders(objectHeaders + writeConditions).
			readHeaders(copyHeaders).copying().tagged(parseCopyTags).needs(copyNeeds).reads(parseCopyObject).
			creating().encrypted(),
		{object, "DELETE", ""}: write("DeleteObject", "s3:DeleteObject").versioned().readHeaders("if-match").
			needs(conditionNeeds).reads(parseDelete),
		{object, "GET", "attributes"}: get("GetObjectAttributes", "s3:GetObject").versioned().
			readHeaders(attributes).reads(parseAttributes),

		{object, "GET", "tagging"}:    get("GetObjectTagging", "s3:GetObjectTagging").versioned(),
		{object, "PUT", "tagging"}:    tags(put("PutObjectTagging", "s3:PutObjectTagging").versioned()),
		{object, "DELETE", "tagging"}: write("DeleteObjectTagging", "s3:DeleteObjectTagging").versioned(),
		{object, "GET", "acl"}:        get("GetObjectAcl", "s3:GetObjectAcl").versioned(),
		{object, "PUT", "acl"}:        setting("PutObjectAcl", "s3:PutObjectAcl").versioned().readHeaders(aclHeaders),
		{object, "GET", "retention"}:  get("GetObjectRetention", "s3:GetObjectRetention").nullVersion(),
		{object, "PUT", "retention"}:  setting("PutObjectRetention", "s3:PutObjectRetention").nullVersion(),
		{object, "GET", "legal-hold"}: get("GetObjectLegalHold", "s3:GetObjectLegalHold").nullVersion(),
		{object, "PUT", "legal-hold"}: setting("PutObjectLegalHold", "s3:PutObjectLegalHold").nullVersion(),
	}
}

const copyHeaders = " x-amz-metadata-directive x-amz-tagging-directive x-amz-checksum-algorithm"

// uploadRows are the operations on multipart uploads.
func uploadRows() map[place]*Operation {
	rows := map[place]*Operation{
		{object, "POST", "uploads"}: write("CreateMultipartUpload", "s3:PutObject").readHeaders(objectHeaders + uploadSums).
			tagged(parseTagHeader).needs(putNeeds).reads(parseCreateUpload).encrypted(),
		{object, "PUT", "uploadId"}: put("UploadPart", "s3:PutObject").ofUpload().readParams("partNumber").
			reads(parseUploadPart).encrypted(),
		{object, "PUT", "copyPart"}: write("UploadPartCopy", "s3:PutObject").ofUpload().readParams("partNumber").
			copying().readHeaders("x-amz-copy-source-range").needs(copyNeeds).reads(parsePartCopy).encrypted(),
		{object, "POST", "uploadId"}: put("CompleteMultipartUpload", "s3:PutObject").ofUpload().takes(maxComplete).
			readHeaders("x-amz-checksum-type x-amz-mp-object-size" + writeConditions).
			needs(conditionNeeds).reads(parseComplete).creating().encrypted(),
		{object, "GET", "uploadId"}: get("ListParts", "s3:ListMultipartUploadParts").
			readParams("max-parts part-number-marker encoding-type").reads(parseListParts),
		{object, "DELETE", "uploadId"}: write("AbortMultipartUpload", "s3:AbortMultipartUpload").reads(parseUploadID),
	}
	rows[place{object, "POST", "uploadId"}].objectSums = true
	return rows
}

const uploadSums = " x-amz-checksum-algorithm x-amz-checksum-type"
