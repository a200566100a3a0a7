const Router = require('@koa/router');
const router = new Router();
const cats = [{ name: 'Tom' }];
router.get('/', ctx => { ctx.body = cats; });
router.post('/', ctx => { cats.push(ctx.request.body); ctx.status = 201; });
module.exports = router;
