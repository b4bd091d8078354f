package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// holding is one grant by which somebody reaches something, as the server tells it.
type holding struct {
	GranteeType           string
	PrincipalArn          string `json:",omitempty"`
	UserId                string `json:",omitempty"`
	UserName              string `json:",omitempty"`
	DisplayName           string `json:",omitempty"`
	GroupId               string `json:",omitempty"`
	GroupName             string `json:",omitempty"`
	AccessGrantId         string `json:",omitempty"`
	GrantScope            string `json:",omitempty"`
	Permission            string
	ApplicationArn        string `json:",omitempty"`
	Effective             bool
	Note                  string `json:",omitempty"`
	NarrowerAccessGrantId string `json:",omitempty"`
	Part                  string `json:",omitempty"`
	Policy                string `json:",omitempty"`
}

func (h *holding) who() string {
	switch {
	case h.PrincipalArn != "":
		return h.PrincipalArn
	case h.UserName != "":
		return h.UserName
	}
	return h.UserId
}

func (h *holding) through() string {
	if h.AccessGrantId == "" {
		return h.Policy
	}
	switch h.GranteeType {
	case "DIRECTORY_GROUP":
		return "group " + h.GroupName
	case "IAM":
		return "IAM principal"
	}
	return "by name"
}

// reaches is the scope of the grant, or what policies open of the target.
func (h *holding) reaches(target string) string {
	switch {
	case h.GrantScope != "":
		return h.GrantScope
	case h.Part != "":
		return h.Part
	}
	return target
}

// grant is the grant's id, or a dash for who reaches it by policies.
func (h *holding) grant() string {
	if h.AccessGrantId == "" {
		return "-"
	}
	return h.AccessGrantId
}

func (h *holding) note() string {
	switch {
	case h.Note != "" && h.AccessGrantId == "":
		return h.Note
	case h.Note != "":
		return "not effective: " + h.Note
	case h.NarrowerAccessGrantId != "":
		return "GetDataAccess vends by the narrower grant " + h.NarrowerAccessGrantId
	case h.ApplicationArn != "":
		return "through " + h.ApplicationArn + " only"
	}
	return ""
}

// holdingsAnswer is a page of them, or all.
type holdingsAnswer struct {
	PrincipalArn string `json:",omitempty"`
	UserId       string `json:",omitempty"`
	UserName     string `json:",omitempty"`
	Active       *bool  `json:",omitempty"`
	Holdings     []holding
	NextToken    string   `json:",omitempty"`
	LeftOut      []string `json:",omitempty"`
}

// listFlags are what both lists take.
type listFlags struct {
	connectionFlags
	account, token string
	limit          int
	json           bool
}

func (f *listFlags) add(c *cobra.Command) {
	f.connectionFlags.add(c)
	c.Flags().StringVar(&f.account, "account-id", "", "account of the Access Grants instance (default: the key's own)")
	c.Flags().IntVar(&f.limit, "max-items", 0, "stop after so many, and print the token to go on from")
	c.Flags().StringVar(&f.token, "starting-token", "", "go on from where --max-items stopped")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// pageSize is how many are asked for at a time.
const pageSize = 1000

// each asks for page after page, and calls fn with each.
func (f *listFlags) each(cmd *cobra.Command, operation string, in map[string]any,
	fn func(*holdingsAnswer) error) error {
	if f.limit < 0 {
		return misuse{errors.New("--max-items is a number of 1 or more")}
	}
	if err := checkAccount(f.account); err != nil {
		return err
	}
	server, err := f.open(cmd)
	if err != nil {
		return err
	}
	if f.account != "" {
		in["AccountId"] = f.account
	}
	next := f.token
	for left := f.limit; ; {
		in["MaxResults"] = pageSize
		if f.limit > 0 {
			in["MaxResults"] = min(left, pageSize)
		}
		if next != "" {
			in["NextToken"] = next
		}
		var page holdingsAnswer
		if err := server.Ask(cmd.Context(), operation, in, &page); err != nil {
			return err
		}
		left -= len(page.Holdings)
		next = page.NextToken
		if f.limit == 0 || left > 0 {
			page.NextToken = ""
		}
		if err := fn(&page); err != nil || next == "" || f.limit > 0 && left <= 0 {
			return err
		}
	}
}

// all prints the pages one after another, or as one JSON document.
func (f *listFlags) all(cmd *cobra.Command, operation string, in map[string]any, row func(*holding) string, head,
	none string) error {
	whole := &holdingsAnswer{Holdings: []holding{}}
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	n, leftOut := 0, []string(nil)
	err := f.each(cmd, operation, in, func(p *holdingsAnswer) error {
		if f.json {
			list := append(whole.Holdings, p.Holdings...)
			*whole = *p
			whole.Holdings = list
			return nil
		}
		if n == 0 && len(p.Holdings) > 0 {
			fmt.Fprintln(w, head)
		}
		n, leftOut = n+len(p.Holdings), p.LeftOut
		for i := range p.Holdings {
			fmt.Fprintln(w, row(&p.Holdings[i]))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if p.NextToken != "" {
			fmt.Println("more: --starting-token " + p.NextToken)
		}
		return nil
	})
	if err != nil || !f.json {
		if err == nil && n == 0 {
			fmt.Println(none)
		}
		if err == nil && len(leftOut) > 0 {
			fmt.Println("\nWhat this list does not tell:")
			for _, s := range leftOut {
				fmt.Println(wrap("- "+s, lineWidth, 2))
			}
		}
		return err
	}
	return printJSON(whole)
}

func newWho() *cobra.Command {
	var f listFlags
	var permission string
	var object, whole bool
	c := &cobra.Command{
		Use:   "who s3://bucket/prefix/*",
		Short: "List who reaches a target or a part of it, groups expanded, each with the grant or policy it is by",
		Long: `Lists for each grant that covers the target, and for each of a part of it, the person, everybody in the group,
or the IAM role or user; then the root user, IAM users and roles that policies let in, and whom else the
bucket policy opens the bucket to. Somebody with several grants comes several times. The target is read as
GetDataAccess reads it: with a * at its end a prefix, without one object, and a bare bucket is the whole
bucket. What the list cannot tell it says at its end.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse{errors.New("granary who takes one target, such as s3://bucket/prefix/*")}
			}
			return checkTarget("granary who", args[0], permission)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			in := map[string]any{"Target": args[0]}
			if permission != "" {
				in["Permission"] = strings.ToUpper(permission)
			}
			if object {
				in["TargetType"] = "Object"
			}
			if whole {
				in["WholeTarget"] = true
			}
			return f.all(cmd, "ListWhoCanAccess", in, func(h *holding) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", h.who(), h.Permission, h.reaches(args[0]), h.through(), h.grant(),
					h.note())
			}, "WHO\tPERMISSION\tSCOPE\tTHROUGH\tGRANT\tNOTE", nobody(args[0], object))
		},
	}
	f.add(c)
	c.Flags().StringVar(&permission, "permission", "", "READ, WRITE or READWRITE (default READ)")
	c.Flags().BoolVar(&object, "object", false, "the target is one object, also when it ends with *")
	c.Flags().BoolVar(&whole, "whole", false, "leave out who reaches only a part of the target")
	return c
}

// nobody says that nobody reaches a target, and what else may have been meant.
func nobody(target string, object bool) string {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(target, "s3://"), "/")
	switch {
	case object || strings.HasSuffix(target, "*"):
		return "nobody: no grant and no policy opens " + target
	case key == "":
		return "nobody: no grant and no policy opens anything of s3://" + bucket + "/*"
	}
	return "nobody: no grant and no policy opens the object " + target + "; for everything that begins so, write " +
		target + "*"
}

func newCan() *cobra.Command {
	var f listFlags
	c := &cobra.Command{
		Use:   "can USER",
		Short: "List what a person, an IAM user or a role reaches, by which grant or policy and through which group",
		Long: `USER is a user name, an e-mail address or a user id of the directory that the Access Grants instance is for,
what stands before the @ of a user name where that is one person's alone, or the ARN of an IAM user or role
of the account. People reach objects by grants alone; of an IAM user or role the policies are asked too.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return misuse{errors.New("granary can takes one person (user name, e-mail address or id) or the ARN of an IAM " +
					"user or role")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.all(cmd, "ListUserAccess", map[string]any{"User": args[0]}, func(h *holding) string {
				return fmt.Sprintf("%s\t%s\t%s\t%s\t%s", h.reaches(""), h.Permission, h.through(), h.grant(), h.note())
			}, "SCOPE\tPERMISSION\tTHROUGH\tGRANT\tNOTE", nothing(args[0]))
		},
	}
	f.add(c)
	return c
}

// nothing says that somebody reaches nothing.
func nothing(who string) string {
	if strings.HasPrefix(who, "arn:") {
		return "nothing: no grant is for it, and no policy lets it read or write objects of the account's buckets"
	}
	return "nothing: no grant is for the person or for a group the person is in"
}
