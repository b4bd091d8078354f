// Command provider runs the OpenID provider of github.com/zitadel/oidc, with the pages of its example, as the identity
// provider of a company. It takes its settings as JSON from the first line of its standard input, tells its issuer on
// the first line of its standard output, and ends when its input does.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// settings are what the provider is told: who may sign in, and which clients send people here.
type settings struct {
	People   []string
	Password string
	Clients  []struct{ ID, Secret, Redirect string }
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	in := bufio.NewReader(os.Stdin)
	var s settings
	if line, err := in.ReadBytes('\n'); err != nil {
		return err
	} else if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	users := people{}
	for _, name := range s.People {
		users[name] = &storage.User{ID: name, Username: name, Password: s.Password, Email: name, EmailVerified: true}
	}
	for _, c := range s.Clients {
		storage.RegisterClients(storage.WebClient(c.ID, c.Secret, c.Redirect))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + l.Addr().String() + "/"
	router := exampleop.SetupServer(issuer, storage.NewStorage(users), slog.New(slog.NewTextHandler(os.Stderr, nil)),
		false)
	go func() {
		_, _ = io.Copy(io.Discard, in) // ends with whoever started this
		os.Exit(0)
	}()
	fmt.Println(issuer)
	return http.Serve(l, router)
}

// people is a user store by login.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User         { return p[id] }
func (p people) GetUserByUsername(name string) *storage.User { return p[name] }
func (p people) ExampleClientID() string                     { return storage.ServiceUserID }
