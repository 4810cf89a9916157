package identity

import "errors"

// Reason is why a token is refused: one word for each, for logs.
type Reason string

// The reasons.
const (
	Malformed      Reason = "malformed token"
	WrongAlgorithm Reason = "algorithm not accepted"
	NoKeyID        Reason = "no key id"
	UnknownIssuer  Reason = "issuer not listed"
	UnknownKey     Reason = "unknown key id"
	BadSignature   Reason = "bad signature"
	IssuerDown     Reason = "issuer down"
	WrongAudience  Reason = "wrong audience"
	NoExpiry       Reason = "no expiry"
	Expired        Reason = "expired"
	NotYetValid    Reason = "not yet valid"
	NoTokenID      Reason = "no token id"
	NoProject      Reason = "no project"
	UnknownProject Reason = "project not mapped"
	WrongOwner     Reason = "other owner"
)

// Refusal is why a token is not accepted. Says is for the caller; neither holds anything of the token that is a secret.
type Refusal struct {
	Reason Reason
	Says   string
	// Issuer is our name of whom the token says it is from; "" when not listed.
	Issuer string
	// Genuine says that the token is what it claims to be, and its job may not ask all the same.
	Genuine bool
	// Cause is what happened underneath, for the log.
	Cause error
}

func (r *Refusal) Error() string { return r.Says }

func (r *Refusal) Unwrap() error { return r.Cause }

func refuse(reason Reason, says string) error { return &Refusal{Reason: reason, Says: says} }

// forbid refuses a token that is genuine.
func forbid(reason Reason, says string) error {
	return &Refusal{Reason: reason, Says: says, Genuine: true}
}

// named adds who issued the token to a refusal.
func (i issuer) named(err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		r.Issuer = i.Name
	}
	return err
}
