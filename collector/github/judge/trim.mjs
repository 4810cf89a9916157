// Writes the part of GitHub's OpenAPI description that is needed to judge some paths, so that a mock starts in a second or two.
// Usage: node trim.mjs OUT PATH…
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [out, ...paths] = process.argv.slice(2)
const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json')
const whole = JSON.parse(readFileSync(file, 'utf8'))
const trimmed = { openapi: whole.openapi, info: whole.info, servers: [{ url: '/' }], paths: {}, components: {} }
const seen = new Set()

// follow takes along what a part refers to.
function follow(part) {
  if (Array.isArray(part)) return part.forEach(follow)
  if (part === null || typeof part !== 'object') return
  for (const [key, value] of Object.entries(part)) {
    if (key !== '$ref' || typeof value !== 'string') {
      follow(value)
    } else if (!seen.has(value)) {
      seen.add(value)
      const [, , section, name] = value.split('/')
      trimmed.components[section] ??= {}
      trimmed.components[section][name] = whole.components[section][name]
      follow(whole.components[section][name])
    }
  }
}

for (const path of paths) {
  const described = whole.paths[path]
  if (!described?.get) throw new Error(`GitHub describes no GET ${path}`)
  trimmed.paths[path] = { get: described.get, parameters: described.parameters }
  if (!described.parameters) delete trimmed.paths[path].parameters
  follow(trimmed.paths[path])
}
writeFileSync(out, JSON.stringify(trimmed))
