package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// chainAnswer is an explanation as the server gives it.
type chainAnswer struct {
	DecisionId   string  `json:",omitempty"`
	Operation    string  `json:",omitempty"`
	Caller       string  `json:",omitempty"`
	ErrorCode    string  `json:",omitempty"`
	ErrorMessage string  `json:",omitempty"`
	RequestId    string  `json:",omitempty"`
	Time         float64 `json:",omitempty"` // seconds since 1970
	Recorded     *bool   `json:",omitempty"`
	Allowed      *bool   `json:",omitempty"`
	Links        []struct {
		Name, Result string
		Detail       string `json:",omitempty"`
		Fix          string `json:",omitempty"`
	}
	Statements []struct {
		Layer, Policy string
		Sid           string `json:",omitempty"`
		Statement     int
		Effect        string
	} `json:",omitempty"`
	Now       string `json:",omitempty"`
	NowDetail string `json:",omitempty"`
}

// print tells the links in words, the first that failed with its fix.
func (a *chainAnswer) print(out io.Writer) {
	if a.Operation != "" {
		at := time.Unix(int64(a.Time), 0).Format(time.DateTime)
		fmt.Fprintf(out, "%s by %s was refused at %s: %s\n%s\n\n", a.Operation, a.Caller, at, a.ErrorCode, a.ErrorMessage)
	}
	marks := map[string]string{"OK": "ok", "FAILED": "failed", "NOT_REACHED": "not reached", "ASSUMED": "assumed"}
	for _, l := range a.Links {
		head := fmt.Sprintf("%-11s  %-21s  ", marks[l.Result], l.Name)
		fmt.Fprintln(out, strings.TrimRight(head+hang(l.Detail), " "))
		if l.Fix != "" {
			printFix(out, l.Fix)
		}
	}
	for i, s := range a.Statements {
		if i == 0 {
			fmt.Fprintln(out, "\nStatements that applied:")
		}
		sid := ""
		if s.Sid != "" {
			sid = " (" + s.Sid + ")"
		}
		fmt.Fprintf(out, "  %-5s  %s policy: statement %d%s of %s\n", strings.ToLower(s.Effect), s.Layer, s.Statement, sid,
			s.Policy)
	}
	if a.Now != "" {
		fmt.Fprintln(out, "\n"+wrap("Now: "+a.NowDetail, lineWidth, len("Now: ")))
	}
}

func newExplain() *cobra.Command {
	var at connectionFlags
	var as string
	var q explainFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain ID | explain --as USER s3://bucket/key",
		Short: "Say why somebody was refused, or whether a person reaches something, link by link",
		Long: `With an ID, the request id that SDKs show in errors or the value of the header x-granary-decision-id of
a refused request: what broke, what would mend it, and whether the same request would be allowed now. With --as, the
	chain of a person (user name,
e-mail address or id) to a target, as sign-in, exchange and request would go. The exit status is 1 when
the person does not reach the target.`,
		Args: func(_ *cobra.Command, args []string) error { return q.check(as, args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := at.open(cmd)
			if err != nil {
				return err
			}
			var out chainAnswer
			if as == "" {
				err = server.Ask(cmd.Context(), "ExplainDecision", map[string]string{"DecisionId": args[0]}, &out)
			} else {
				err = server.Ask(cmd.Context(), "ExplainAccess", q.input(as, args[0]), &out)
			}
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(out)
			} else {
				out.print(os.Stdout)
			}
			if err == nil && out.Allowed != nil && !*out.Allowed {
				return exitCode(1)
			}
			return err
		},
	}
	f := c.Flags()
	at.add(c)
	f.StringVar(&as, "as", "", "a person: user name, e-mail address or id")
	f.StringVar(&q.permission, "permission", "", "READ, WRITE or READWRITE (default READ)")
	f.StringVar(&q.role, "role", "", "name or ARN of the role that carries the identity context (default: one that may "+
		"call is taken for granted)")
	f.StringVar(&q.application, "application", "", "name or ARN of the application (default: whichever gets furthest)")
	f.StringVar(&q.account, "account-id", "", "account of the Access Grants instance (default: the key's own)")
	f.Int64Var(&q.duration, "duration-seconds", 0, "how long the key is to live (default 3600)")
	f.BoolVar(&q.object, "object", false, "the target is one object, also when it ends with *")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type explainFlags struct {
	permission, role, application, account string
	duration                               int64
	object                                 bool
}

func (q *explainFlags) check(as string, args []string) error {
	switch {
	case len(args) != 1 && as == "":
		return misuse{errors.New("granary explain takes one request id or decision id (header x-granary-decision-id), or " +
			"--as USER and one s3://bucket/key")}
	case len(args) != 1:
		return misuse{errors.New("granary explain --as takes one target, such as s3://bucket/prefix/*")}
	case args[0] == "" && as == "":
		return misuse{errors.New("the id is empty: give the request id of the error, or the value of the header " +
			"x-granary-decision-id")}
	case as == "" && strings.HasPrefix(args[0], "s3://"):
		return misuse{errors.New("say for whom: granary explain --as USER " + args[0])}
	case q.duration != 0 && (q.duration < 900 || q.duration > 43200):
		return misuse{errors.New("--duration-seconds must be between 900 and 43200")}
	case as != "":
		if err := checkAccount(q.account); err != nil {
			return err
		}
		return checkTarget("granary explain --as", args[0], q.permission)
	case *q != (explainFlags{}):
		return misuse{errors.New("--permission, --role, --application, --account-id, --duration-seconds and --object go " +
			"with --as USER")}
	}
	return nil
}

// checkTarget tells misuse of a target and a permission before the server is asked.
func checkTarget(command, target, permission string) error {
	if !strings.HasPrefix(target, "s3://") {
		return misuse{fmt.Errorf("%s wants a target such as s3://bucket/prefix/*, and %q does not begin with s3://", command,
			target)}
	}
	switch strings.ToUpper(permission) {
	case "", "READ", "WRITE", "READWRITE":
		return nil
	}
	return misuse{fmt.Errorf("--permission is READ, WRITE or READWRITE, not %q", permission)}
}

func (q *explainFlags) input(as, target string) map[string]any {
	in := map[string]any{"User": as, "Target": target}
	for name, v := range map[string]string{"Permission": strings.ToUpper(q.permission), "Role": q.role,
		"Application": q.application, "AccountId": q.account} {
		if v != "" {
			in[name] = v
		}
	}
	if q.duration != 0 {
		in["DurationSeconds"] = q.duration
	}
	if q.object {
		in["TargetType"] = "Object"
	}
	return in
}

// textColumn is where the text of a link stands.
const textColumn = 11 + 2 + 21 + 2

// hang wraps a text that begins at the column of texts.
func hang(text string) string {
	return strings.TrimLeft(wrap(strings.Repeat(" ", textColumn)+text, lineWidth, textColumn), " ")
}

// printFix tells what would mend a link. A command in it stands on lines of its own, which a shell takes as they are.
func printFix(out io.Writer, fix string) {
	before, rest, found := strings.Cut(fix, "Run: ")
	if !found || !strings.HasPrefix(rest, "aws ") && !strings.HasPrefix(rest, "granary ") {
		fmt.Fprintf(out, "%-11s  %-21s  %s\n", "", "fix:", hang(fix))
		return
	}
	command, after, _ := strings.Cut(rest, "; ")
	fmt.Fprintf(out, "%-11s  %-21s  %s\n", "", "fix:", hang(before+"Run:"))
	fmt.Fprintln(out, continued(command))
	if after != "" {
		fmt.Fprintf(out, "%-11s  %-21s  %s\n", "", "", hang(after))
	}
}

// continued breaks a command before its options, for a shell to read on.
func continued(command string) string {
	options := strings.Split(command, " --")
	var b strings.Builder
	b.WriteString("    " + options[0])
	column := 4 + len(options[0])
	for _, o := range options[1:] {
		if column+len(o)+5 > lineWidth {
			b.WriteString(" \\\n       ")
			column = 7
		}
		b.WriteString(" --" + o)
		column += len(o) + 3
	}
	return b.String()
}
