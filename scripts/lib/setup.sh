# Sourced by the scripts: from the project's root, with the packages of package-lock.json installed and everything built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || {
  echo "node-too-old: Node 20.19 or newer is needed, with npm; found $(node --version 2>/dev/null || echo none)" >&2
  exit 2
}

# Installed already for this very lock file? Then leave node_modules alone.
lock=$(node -p 'require("crypto").createHash("sha256").update(require("fs").readFileSync("package-lock.json")).digest("hex")')
if [ "$(cat node_modules/.installed-for 2>/dev/null || true)" != "$lock" ]; then
  echo "Installing npm packages …" >&2
  npm ci --loglevel=error >&2
  echo "$lock" >node_modules/.installed-for
fi
echo "Building …" >&2
node scripts/build.mjs >.build.log 2>&1 || { cat .build.log >&2; exit 1; }
rm -f .build.log
