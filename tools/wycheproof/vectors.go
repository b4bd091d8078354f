// Package vectors keeps Wycheproof's test vectors in this module's list, pinned by its go.sum: internal/idtoken tests
// with them, and the product's modules know nothing of it.
package vectors

import _ "github.com/c2sp/wycheproof"
