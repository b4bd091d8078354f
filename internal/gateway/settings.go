package gateway

import (
	"encoding/xml"
	"net/http"
	"slices"

	"granary"
	"granary/internal/s3req"
)

// settingRuns is how the settings of a bucket are told and put. What is always so here is accepted and told; what would
// change it is refused in words; for a setting that no bucket has, the answer is S3's for a bucket without it.
func settingRuns() map[string]run {
	out := map[string]run{
		"GetBucketAcl":                  of(settings.getACL),
		"PutBucketAcl":                  of(settings.putACL),
		"GetBucketPublicAccessBlock":    of(settings.getPublicAccessBlock),
		"PutBucketPublicAccessBlock":    of(settings.putPublicAccessBlock),
		"DeleteBucketPublicAccessBlock": hideSetting(publicAccessBlock),
		"GetBucketOwnershipControls":    of(settings.getOwnership),
		"PutBucketOwnershipControls":    of(settings.putOwnership),
		"DeleteBucketOwnershipControls": hideSetting(ownershipControls),
		"GetBucketPolicyStatus":         of(settings.getPolicyStatus),

		"GetBucketEncryption":              constant("ServerSideEncryptionConfiguration", encryptionRule),
		"PutBucketEncryption":              of(settings.putEncryption),
		"DeleteBucketEncryption":           nothing, // AES256 is what is left
		"GetBucketVersioning":              constant("VersioningConfiguration", ""),
		"PutBucketVersioning":              of(settings.putVersioning),
		"GetBucketRequestPayment":          constant("RequestPaymentConfiguration", "<Payer>BucketOwner</Payer>"),
		"PutBucketRequestPayment":          of(settings.putPayment),
		"GetBucketAccelerateConfiguration": constant("AccelerateConfiguration", ""),
		"PutBucketAccelerateConfiguration": unsettable("Transfer acceleration"),
		"GetBucketAbac":                    constant("AbacStatus", "<Status>Disabled</Status>"),
		"PutBucketAbac":                    of(settings.putABAC),
		"GetBucketLogging":                 constant("BucketLoggingStatus", ""),
		"PutBucketLogging":                 emptyOnly("Server access logging (the audit log has every request)"),
		"GetBucketNotification":            constant("NotificationConfiguration", ""),
		"PutBucketNotification":            emptyOnly("Event notification"),

		"GetBucketCors":              missingSetting("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
		"PutBucketCors":              unsettable("CORS of a bucket (the setting cors.origins is for the whole server)"),
		"DeleteBucketCors":           nothing,
		"GetBucketLifecycle":         missingSetting("NoSuchLifecycleConfiguration", noLifecycle),
		"PutBucketLifecycle":         unsettable("A lifecycle configuration"),
		"DeleteBucketLifecycle":      nothing,
		"GetBucketWebsite":           missingSetting("NoSuchWebsiteConfiguration", noWebsite),
		"PutBucketWebsite":           unsettable("Static website hosting"),
		"DeleteBucketWebsite":        nothing,
		"GetBucketReplication":       missingSetting("ReplicationConfigurationNotFoundError", noReplication),
		"PutBucketReplication":       unsettable("Replication"),
		"DeleteBucketReplication":    nothing,
		"GetObjectLockConfiguration": missingSetting("ObjectLockConfigurationNotFoundError", noObjectLock),
		"PutObjectLockConfiguration": unsettable("Object lock"),
	}
	for _, c := range s3req.NamedConfigurations {
		out["GetBucket"+c.Name+"Configuration"] = noConfigurations(c.List)
		out["PutBucket"+c.Name+"Configuration"] = unsettable(c.Name + " configuration")
		out["DeleteBucket"+c.Name+"Configuration"] = missingSetting("NoSuchConfiguration", noConfiguration)
	}
	return out
}

const (
	noAccessBlock   = "The public access block configuration was not found"
	noLifecycle     = "The lifecycle configuration does not exist"
	noWebsite       = "The specified bucket does not have a website configuration"
	noReplication   = "The replication configuration was not found"
	noObjectLock    = "Object Lock configuration does not exist for this bucket"
	noConfiguration = "The specified configuration does not exist."

	encryptionRule = "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>" + s3req.AES256 +
		"</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
)

// The settings that a bucket has for good. One that is deleted is told as not set from then on, and holds all the same.
const (
	publicAccessBlock = "publicAccessBlock"
	ownershipControls = "ownershipControls"
)

// constant answers with a document that never changes.
func constant(root, inside string) run {
	body := xml.Header + `<` + root + ` xmlns="` + namespace + `">` + inside + `</` + root + `>`
	return func(*job) (*response, error) {
		h := http.Header{"Content-Type": {"application/xml"}}
		return &response{status: http.StatusOK, header: h, body: []byte(body)}, nil
	}
}

// missingSetting answers that the bucket has no such setting.
func missingSetting(code, message string) run {
	return func(j *job) (*response, error) {
		return nil, granary.Errorf(granary.NotFound, "%s", message).WithCode(code).With("BucketName", j.req.Bucket)
	}
}

// unsettable refuses a setting that cannot be put.
func unsettable(what string) run {
	return func(*job) (*response, error) { return nil, s3req.NotImplemented(what) }
}

// emptyOnly accepts a configuration with nothing in it.
func emptyOnly(what string) run {
	return func(j *job) (*response, error) {
		var in struct{ XMLName xml.Name }
		err := s3req.ParseXML(j.doc.Text, &in)
		if granary.Is(err, granary.NotImplemented) {
			err = s3req.NotImplemented(what)
		}
		return done(http.StatusOK, err)
	}
}

// nothing deletes a setting that no bucket has.
func nothing(*job) (*response, error) { return empty(http.StatusNoContent), nil }

// noConfigurations answers a list with an empty one, and the question for one configuration with "none".
func noConfigurations(list string) run {
	all, one := constant(list, "<IsTruncated>false</IsTruncated>"), missingSetting("NoSuchConfiguration", noConfiguration)
	return func(j *job) (*response, error) {
		if j.req.HasParam("id") {
			return one(j)
		}
		return all(j)
	}
}

// hideSetting has a setting that holds for good told as not set.
func hideSetting(setting string) run {
	return func(j *job) (*response, error) {
		return done(http.StatusNoContent, j.change(func(b *granary.Bucket) {
			if !slices.Contains(b.Untold, setting) {
				b.Untold = append(slices.Clone(b.Untold), setting)
			}
		}))
	}
}

// show has a setting told again.
func (s settings) show(setting string) (*response, error) {
	if !slices.Contains(s.bucket.Untold, setting) {
		return empty(http.StatusOK), nil
	}
	return done(http.StatusOK, s.change(func(b *granary.Bucket) {
		b.Untold = slices.DeleteFunc(slices.Clone(b.Untold), func(name string) bool { return name == setting })
	}))
}

// publicAccessDocument is the document of a public access block. Its members are nil when they are left out.
type publicAccessDocument struct {
	XMLName xml.Name `xml:"PublicAccessBlockConfiguration"`

	BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets *bool
}

func (s settings) getPublicAccessBlock() (*response, error) {
	if slices.Contains(s.bucket.Untold, publicAccessBlock) {
		return missingSetting("NoSuchPublicAccessBlockConfiguration", noAccessBlock)(s.job)
	}
	return constant("PublicAccessBlockConfiguration",
		"<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>"+
			"<BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>")(s.job)
}

func (s settings) putPublicAccessBlock() (*response, error) {
	var in publicAccessDocument
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	for name, v := range map[string]*bool{"BlockPublicAcls": in.BlockPublicAcls, "IgnorePublicAcls": in.IgnorePublicAcls,
		"BlockPublicPolicy": in.BlockPublicPolicy, "RestrictPublicBuckets": in.RestrictPublicBuckets} {
		if v == nil || !*v {
			return nil, granary.Errorf(granary.NotImplemented, "Block Public Access is always on here: %s cannot be false or "+
				"left out.", name).WithCode("NotImplemented")
		}
	}
	return s.show(publicAccessBlock)
}

func (s settings) getOwnership() (*response, error) {
	if slices.Contains(s.bucket.Untold, ownershipControls) {
		return missingSetting("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")(s.job)
	}
	return constant("OwnershipControls", "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>")(s.job)
}

func (s settings) putOwnership() (*response, error) {
	var in struct {
		XMLName xml.Name `xml:"OwnershipControls"`
		Rule    []struct{ ObjectOwnership string }
	}
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	if len(in.Rule) != 1 || in.Rule[0].ObjectOwnership == "" {
		return nil, s3req.ErrMalformedXML
	}
	if err := s3req.CheckOwnership(in.Rule[0].ObjectOwnership); err != nil {
		return nil, err
	}
	return s.show(ownershipControls)
}

// getPolicyStatus never says "public": a policy that would be reaches nobody outside of the account.
func (s settings) getPolicyStatus() (*response, error) {
	if s.bucket.Bucket.Policy == "" {
		return missingSetting("NoSuchBucketPolicy", "The bucket policy does not exist")(s.job)
	}
	return constant("PolicyStatus", "<IsPublic>false</IsPublic>")(s.job)
}

func (s settings) putVersioning() (*response, error) {
	var in struct {
		XMLName           xml.Name `xml:"VersioningConfiguration"`
		Status, MfaDelete string
	}
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	if in.Status != "Enabled" && in.Status != "Suspended" {
		return nil, s3req.Invalid("IllegalVersioningConfigurationException", "The Versioning element must be specified")
	}
	return nil, s3req.NotImplemented("Versioning")
}

func (s settings) putPayment() (*response, error) {
	var in struct {
		XMLName xml.Name `xml:"RequestPaymentConfiguration"`
		Payer   string
	}
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	switch in.Payer {
	case "BucketOwner":
		return empty(http.StatusOK), nil
	case "Requester":
		return nil, s3req.NotImplemented("Requester Pays")
	}
	return nil, s3req.ErrMalformedXML
}

func (s settings) putABAC() (*response, error) {
	var in struct {
		XMLName xml.Name `xml:"AbacStatus"`
		Status  string
	}
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	switch in.Status {
	case "Disabled":
		return empty(http.StatusOK), nil
	case "Enabled":
		return nil, s3req.NotImplemented("Attribute-based access control by the tags of a bucket")
	}
	return nil, s3req.ErrMalformedXML
}

func (s settings) putEncryption() (*response, error) {
	var in struct {
		XMLName xml.Name `xml:"ServerSideEncryptionConfiguration"`
		Rule    []struct {
			ApplyServerSideEncryptionByDefault *struct {
				SSEAlgorithm, KMSMasterKeyID string
			}
			BucketKeyEnabled bool
		}
	}
	if err := s3req.ParseXML(s.doc.Text, &in); err != nil {
		return nil, err
	}
	if len(in.Rule) != 1 {
		return nil, s3req.ErrMalformedXML
	}
	by := in.Rule[0].ApplyServerSideEncryptionByDefault
	if by == nil || by.SSEAlgorithm == "" {
		return nil, s3req.ErrMalformedXML
	}
	if err := s3req.CheckEncryption(by.SSEAlgorithm); err != nil {
		return nil, err
	}
	if by.KMSMasterKeyID != "" {
		return nil, s3req.Invalid("InvalidArgument",
			"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	}
	if in.Rule[0].BucketKeyEnabled {
		return nil, granary.Errorf(granary.NotImplemented, "BucketKeyEnabled is for aws:kms, which is not implemented.").
			WithCode("NotImplemented")
	}
	return empty(http.StatusOK), nil
}
