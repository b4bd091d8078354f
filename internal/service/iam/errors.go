package iam

import "granary"

// exists puts a name that is taken into IAM's words.
func exists(err error, noun, name string) error {
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "%s with name %s already exists.", noun, name)
	}
	return err
}

// unused refuses to delete who still has policies.
func unused(inline map[string]string, attached []granary.ARN) error {
	if len(attached) > 0 {
		return granary.Errorf(granary.Conflict, "Cannot delete entity, must detach all policies first.")
	}
	if len(inline) > 0 {
		return granary.Errorf(granary.Conflict, "Cannot delete entity, must delete policies first.")
	}
	return nil
}

func noPolicy(arn string) error {
	return granary.Errorf(granary.NotFound, "Policy %s does not exist or is not attachable.", arn)
}
