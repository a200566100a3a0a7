import { createRequire } from 'node:module';
import pkg from 'data:application/json,{"name":"demo"}' with { type: 'json' };
const require = createRequire(import.meta.url);
const { version } = await import('data:application/json,{"version":"1.0.0"}', { with: { type: 'json' } }).then(m => m.default);
console.log(pkg.name, version, typeof require, import.meta.url);
export { version as default };
