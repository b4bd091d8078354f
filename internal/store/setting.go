package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"granary"
)

// Setting is a setting of the installation that must be equal on all nodes, because decisions depend on it. Settings
// are in the change log, so that a running node learns when one changes.
type Setting struct{ Name, Value string }

var settingTable = register(table[Setting]{name: "setting", noun: "setting", keys: 1, columns: []column[Setting]{
	{"name", func(v *Setting) any { return v.Name }}}})

// Difference is a setting whose value in the state differs from this process's.
type Difference struct{ Name, Has, Wants string }

// ErrDiffers is the error of Agree when this process must not run with its settings.
var ErrDiffers = errors.New("store: the settings differ from those that the state is used with")

// settings holds the settings of this process, and those that other nodes changed since.
type settings struct {
	differ atomic.Bool
	mu     sync.Mutex
	own    map[string]string
	others map[string]string // current values that differ from own
}

// Agree compares the settings of this process with those in the state, and stores those that the state does not have
// yet. A setting that differs is changed if may allows it. If may forbids one of them, nothing is changed and Agree
// fails with ErrDiffers. From then on, Fresh fails when another node changes one of the settings.
func (db *DB) Agree(ctx context.Context, own []Setting, may func(name string) bool) (differs []Difference, err error) {
	db.settings.setOwn(own)
	err = db.Update(ctx, func(tx *Tx) error {
		differs = nil
		set := Set[Setting]{tx, settingTable}
		refuse := false
		for _, s := range own {
			has, err := set.getByKey(s.Name)
			switch {
			case granary.Is(err, granary.NotFound):
				err = set.Create(&s)
			case err == nil && has.Value != s.Value:
				differs = append(differs, Difference{s.Name, has.Value, s.Value})
				if refuse = refuse || !may(s.Name); !refuse {
					err = set.Update(&s)
				}
			}
			if err != nil {
				return err
			}
		}
		if refuse {
			return ErrDiffers
		}
		return nil
	})
	return differs, err
}

func (s *settings) setOwn(own []Setting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.own, s.others = map[string]string{}, map[string]string{}
	for _, o := range own {
		s.own[o.Name] = o.Value
	}
}

// observe compares a setting that some node wrote with this process's.
func (s *settings) observe(v *Setting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, ok := s.own[v.Name]
	switch {
	case !ok: // a setting of a newer release, or this process is a tool without settings
	case own == v.Value:
		delete(s.others, v.Name)
	default:
		s.others[v.Name] = v.Value
	}
	s.differ.Store(len(s.others) > 0)
}

// verify fails with Unavailable when another node changed a setting of this process.
func (s *settings) verify() error {
	if !s.differ.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for name, value := range s.others {
		list = append(list, fmt.Sprintf("%s is %q now and %q on this node", name, value, s.own[name]))
	}
	return granary.Errorf(granary.Unavailable, "The settings were changed: %s. This node must be started again with the "+
		"new ones.", strings.Join(list, "; "))
}
