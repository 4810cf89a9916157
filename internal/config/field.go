package config

// field describes one key of a file. Checking, the JSON Schema, the reference page and the example are all made from it.
// Exactly one of scalar, item, fields and free says what stands there.
type field struct {
	key      string
	doc      string // one sentence
	def      string // what holds when it is left out, in words
	example  string // a value for the example file; the key is commented out there without one
	required bool
	scalar   *scalar
	item     *field  // a list of these
	fields   []field // an object with these keys
	free     *scalar // an object with any keys, each a value or a list of values
	// types are what a group can be, by its key "type", each with settings of its own.
	types []sourceType
}

func value(key string, s *scalar, def, doc string) field {
	return field{key: key, scalar: s, def: def, doc: doc}
}

func list(key string, s *scalar, def, doc string) field {
	return field{key: key, item: &field{scalar: s}, def: def, doc: doc}
}

func object(key, def, doc string, fields ...field) field {
	return field{key: key, fields: fields, def: def, doc: doc}
}

func objects(key, def, doc string, fields ...field) field {
	return field{key: key, item: &field{fields: fields}, def: def, doc: doc}
}

// ofTypes makes the groups of a list be of these types.
func (f field) ofTypes(types []sourceType) field { f.item.types = types; return f }

func (f field) must() field { f.required = true; f.def = ""; return f }

func (f field) eg(example string) field { f.example = example; return f }
