package config

// Rollback is the hook that a service's own pipeline is told by that a watch ended in failed; its address may hold a secret.
type Rollback struct {
	URL    Secret
	Secret Secret
	CAFile string
}

// rollbackField stands at a service alone: what changes production by itself is meant for that service, and inherited from nowhere.
func rollbackField() field {
	return object("rollback", "nothing rolls back by itself", "The hook that is told when the watch after a deployment of the service to production ends in failed, with what was good before, so that the pipeline behind it rolls back (docs/gate.md#rolling-back-by-itself).",
		value("url", aWebhookURL, "a fault", "Address that is told: https, or http on this machine. It may hold a token, so it is a secret. Needed, here or as a file."),
		value("url_file", aText, "`url`", "File that holds nothing but the address."),
		value("secret", aHookSecret, "a fault", "Secret that what is sent is signed with. Needed, here or as a file."),
		value("secret_file", aText, "`secret`", "File that holds nothing but the secret."),
		value("ca_file", aText, "the system's certificates", "File of certificates (PEM) to trust beside the system's."),
	)
}

// rollback reads the hook of a service, nil where it has none.
func (l *loader) rollback(path string, item, notify node) *Rollback {
	if !item.has("rollback") {
		return nil
	}
	path, n := path+".rollback", item.at("rollback")
	r := &Rollback{URL: l.hookSecret(path, "url", n), Secret: l.hookSecret(path, "secret", n), CAFile: n.at("ca_file").text()}
	if !webhookAddress(r.URL) {
		l.at(path+".url", "is missing, or no address that begins with https://", "set it to what is to be told; http:// works on this machine only")
	}
	if r.Secret == "" {
		l.at(path+".secret", "is missing", "add it, or secret_file: without it anybody could ask for a rollback in the gate's name")
	}
	if !notify.has("public_url") {
		l.at(path, "the links of what is sent would lead nowhere", "set notify.public_url")
	}
	return r
}
