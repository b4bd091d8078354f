// Package corp is a small company for the demo and the tests: people, groups, files, and an OpenID provider with
// discovery, keys, a login page, and the authorization code flow with PKCE. The people have no passwords: anybody can
// sign in as any of them, so the provider must serve only this machine.
package corp

// Person is a person at the company.
type Person struct {
	Login       string // user name and e-mail address
	Given       string
	Family      string
	Title       string
	Groups      []string
	Deactivated bool // has left the company; the directory keeps the entry
}

// Name returns the person's given and family name.
func (p Person) Name() string { return p.Given + " " + p.Family }

// People lists the people of Larkspur Mills, a paper maker.
var People = []Person{
	{Login: "alice@larkspur.example", Given: "Alice", Family: "Ng", Title: "Controller", Groups: []string{"Finance"}},
	{Login: "bob@larkspur.example", Given: "Bob", Family: "Iyer", Title: "Engineer", Groups: []string{"Engineering"}},
	{Login: "carla@larkspur.example", Given: "Carla", Family: "Díaz", Title: "People partner", Groups: []string{"People"}},
	{Login: "dmitri@larkspur.example", Given: "Dmitri", Family: "Volkov", Title: "Accountant",
		Groups: []string{"Finance"}},
	{Login: "erin@larkspur.example", Given: "Erin", Family: "Walsh", Title: "Engineer", Groups: []string{"Engineering"},
		Deactivated: true},
	{Login: "farid@larkspur.example", Given: "Farid", Family: "Haddad", Title: "Analyst", Groups: []string{"Analysts"}},
	{Login: "grace@larkspur.example", Given: "Grace", Family: "Okafor", Title: "Head of finance",
		Groups: []string{"Finance", "Analysts"}},
	{Login: "hugo@larkspur.example", Given: "Hugo", Family: "Lindqvist", Title: "Counsel", Groups: []string{"Legal"}},
}

// Groups lists the company's groups.
var Groups = []string{"Finance", "Engineering", "People", "Analysts", "Legal"}

// Bucket is the name of the bucket with the company's files.
const Bucket = "larkspur-reports"

// Files maps the keys of the bucket's objects to their contents.
var Files = map[string]string{
	"finance/2026-q3.csv":       "quarter,revenue,costs\n2026-q3,4210000,3805000\n",
	"finance/drafts/budget.csv": "department,2027\nfinance,310000\nengineering,980000\n",
	"payroll/2026-10.csv":       "name,salary\nAlice Ng,6900\nBob Iyer,6400\n",
	"engineering/machine-4.log": "2026-10-01T06:00:00Z roll change\n2026-10-01T06:12:00Z running\n",
	"shared/handbook.txt":       "Paper first. Then everything else.\n",
}

// Grant gives access to a group or, if Login is set, to a person.
type Grant struct {
	Group, Login string
	Prefix       string // within the bucket, with its "*"
	Permission   string
}

// Grants lists the company's grants.
var Grants = []Grant{
	{Group: "Finance", Prefix: "finance/*", Permission: "READ"},
	{Login: "grace@larkspur.example", Prefix: "finance/drafts/*", Permission: "READWRITE"},
	{Group: "Engineering", Prefix: "engineering/*", Permission: "READWRITE"},
	{Group: "Analysts", Prefix: "shared/*", Permission: "READ"},
}

// Find returns the person with a login; ok is false when there is none.
func Find(login string) (Person, bool) {
	for _, p := range People {
		if p.Login == login {
			return p, true
		}
	}
	return Person{}, false
}
