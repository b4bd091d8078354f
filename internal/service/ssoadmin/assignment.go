package ssoadmin

import (
	"slices"
	"strings"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s applications) putAssignmentConfig(c *awsapi.Call, in *api.PutApplicationAssignmentConfigurationInput) (
	*api.PutApplicationAssignmentConfigurationOutput, error) {
	return &api.PutApplicationAssignmentConfigurationOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			a.AssignmentRequired = in.AssignmentRequired
			return nil
		})
}

func (s applications) getAssignmentConfig(_ *awsapi.Call, in *api.GetApplicationAssignmentConfigurationInput) (
	*api.GetApplicationAssignmentConfigurationOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	return &api.GetApplicationAssignmentConfigurationOutput{AssignmentRequired: a.AssignmentRequired}, nil
}

func (s applications) createAssignment(c *awsapi.Call, in *api.CreateApplicationAssignmentInput) (
	*api.CreateApplicationAssignmentOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	i, ok := s.Index.Center.InstanceByID(a.Instance)
	if !ok {
		return nil, noApplication(in.ApplicationArn)
	}
	return &api.CreateApplicationAssignmentOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		if _, err := tx.Applications.Get(a.ARN); granary.Is(err, granary.NotFound) {
			return noApplication(in.ApplicationArn)
		} else if err != nil {
			return err
		}
		if in.PrincipalType == "GROUP" {
			_, err = tx.Groups.Get(i.Store, granary.GroupID(in.PrincipalId))
		} else {
			_, err = tx.Users.Get(i.Store, granary.UserID(in.PrincipalId))
		}
		if granary.Is(err, granary.NotFound) {
			return granary.Errorf(granary.NotFound, "The identity store %s has no %s %s.", i.Store,
				strings.ToLower(in.PrincipalType), in.PrincipalId)
		}
		if err != nil {
			return err
		}
		err = tx.Assignments.Create(&granary.Assignment{Application: a.ARN, Type: in.PrincipalType, Principal: in.PrincipalId,
			Created: c.Now.UTC()})
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Conflict, "The %s %s is assigned to the application already.",
				strings.ToLower(in.PrincipalType), in.PrincipalId)
		}
		return err
	})
}

func (s applications) describeAssignment(c *awsapi.Call, in *api.DescribeApplicationAssignmentInput) (
	out *api.DescribeApplicationAssignmentOutput, err error) {
	if _, err := s.application(in.ApplicationArn); err != nil {
		return nil, err
	}
	err = s.DB.View(c, func(tx *store.Tx) error {
		a, err := tx.Assignments.Get(granary.ARN(in.ApplicationArn), in.PrincipalId)
		if granary.Is(err, granary.NotFound) || err == nil && a.Type != in.PrincipalType {
			return granary.Errorf(granary.NotFound, "The %s %s is not assigned to the application.",
				strings.ToLower(in.PrincipalType), in.PrincipalId)
		}
		out = &api.DescribeApplicationAssignmentOutput{ApplicationArn: in.ApplicationArn, PrincipalId: in.PrincipalId,
			PrincipalType: in.PrincipalType}
		return err
	})
	return out, err
}

func (s applications) deleteAssignment(c *awsapi.Call, in *api.DeleteApplicationAssignmentInput) (
	*api.DeleteApplicationAssignmentOutput, error) {
	if _, err := s.application(in.ApplicationArn); err != nil {
		return nil, err
	}
	return &api.DeleteApplicationAssignmentOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.Assignments.Get(granary.ARN(in.ApplicationArn), in.PrincipalId)
		if granary.Is(err, granary.NotFound) || err == nil && a.Type != in.PrincipalType {
			return nil
		}
		if err != nil {
			return err
		}
		return tx.Assignments.Delete(a.Application, a.Principal)
	})
}

func (s applications) listAssignments(c *awsapi.Call, in *api.ListApplicationAssignmentsInput) (
	*api.ListApplicationAssignmentsOutput, error) {
	if _, err := s.application(in.ApplicationArn); err != nil {
		return nil, err
	}
	pages := awsapi.ListOf("assignments", in.ApplicationArn)
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationAssignmentsOutput{ApplicationAssignments: []api.ApplicationAssignment{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.Assignments.ListOfApplication(granary.ARN(in.ApplicationArn), after, limit)
		for _, a := range list {
			out.ApplicationAssignments = append(out.ApplicationAssignments,
				api.ApplicationAssignment{ApplicationArn: string(a.Application), PrincipalId: a.Principal, PrincipalType: a.Type})
		}
		out.NextToken = pages.NextToken(next)
		return err
	})
	return out, err
}

// listOf tells a user's assignments with those of the user's groups, under the group's name.
func (s applications) listOf(c *awsapi.Call, in *api.ListApplicationAssignmentsForPrincipalInput) (
	*api.ListApplicationAssignmentsForPrincipalOutput, error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	only := ""
	if in.Filter != nil {
		only = in.Filter.ApplicationArn
	}
	if only == "" && !access.Administers(s.Index, i, c.Caller.Account) {
		return nil, granary.Errorf(granary.Denied, "This account asks about one application of its own at a time: give "+
			"Filter.ApplicationArn.")
	}
	if only != "" {
		if s.ownerOf(c, only) != "" {
			return nil, granary.Errorf(granary.Denied, "The application %s is another account's.", only)
		}
		if _, err := s.application(only); err != nil {
			return nil, err
		}
	}
	principals := []string{in.PrincipalId}
	if in.PrincipalType == "USER" {
		list, _ := s.Index.Directory.Grantees(i.Store, granary.UserID(in.PrincipalId))
		for _, g := range list[min(1, len(list)):] {
			principals = append(principals, g.ID)
		}
	}
	var all []api.ApplicationAssignmentForPrincipal
	err = s.DB.View(c, func(tx *store.Tx) error {
		for _, p := range principals {
			list, _, err := tx.Assignments.ListOfPrincipal(p, "", 0)
			if err != nil {
				return err
			}
			for _, a := range list {
				app, ok := s.Index.Center.Application(a.Application)
				if ok && (p != in.PrincipalId || a.Type == in.PrincipalType) && app.Instance == i.ID &&
					(only == "" || only == string(a.Application)) && s.manages(c, app.Account, app.Instance) {
					all = append(all, api.ApplicationAssignmentForPrincipal{ApplicationArn: string(a.Application),
						PrincipalId: a.Principal, PrincipalType: a.Type})
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	key := func(a api.ApplicationAssignmentForPrincipal) string { return a.ApplicationArn + " " + a.PrincipalId }
	slices.SortFunc(all, func(a, b api.ApplicationAssignmentForPrincipal) int { return strings.Compare(key(a), key(b)) })
	list, next, err := awsapi.CutOf(awsapi.ListOf("assignments of", i.ID, in.PrincipalId, only), all, key, in.MaxResults,
		in.NextToken, 100)
	return &api.ListApplicationAssignmentsForPrincipalOutput{ApplicationAssignments: list, NextToken: next}, err
}

func (s applications) putSessionConfig(c *awsapi.Call, in *api.PutApplicationSessionConfigurationInput) (
	*api.PutApplicationSessionConfigurationOutput, error) {
	return &api.PutApplicationSessionConfigurationOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			if in.UserBackgroundSessionApplicationStatus != "" {
				a.BackgroundSessions = in.UserBackgroundSessionApplicationStatus == "ENABLED"
			}
			return nil
		})
}

func (s applications) getSessionConfig(_ *awsapi.Call, in *api.GetApplicationSessionConfigurationInput) (
	*api.GetApplicationSessionConfigurationOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	out := &api.GetApplicationSessionConfigurationOutput{UserBackgroundSessionApplicationStatus: "DISABLED"}
	if a.BackgroundSessions {
		out.UserBackgroundSessionApplicationStatus = "ENABLED"
	}
	return out, nil
}
