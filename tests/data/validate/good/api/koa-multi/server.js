const Koa = require('koa');
const Router = require('@koa/router');
const parser = require('koa-bodyparser');
const cats = require('./routes/cats');
const config = require('./config.json');
const app = new Koa();
const router = new Router();
app.use(async (ctx, next) => { const t = Date.now(); await next(); ctx.set('X-Time', `${Date.now() - t}ms`); });
router.get('/', ctx => { ctx.body = config.greeting; });
router.use('/cats', cats.routes(), cats.allowedMethods());
app.use(parser()).use(router.routes());
let optional = null;
try { optional = require('pino'); } catch { /* runs without */ }
if (optional) optional().info('logging');
app.listen(process.env.PORT ?? 3000);
