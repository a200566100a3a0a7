#!/usr/bin/env node
'use strict';
const http = require('http');
const { URL } = require('url');
const links = new Map();

function send(res, status, body, headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  res.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/html' : 'application/json', ...headers });
  res.end(text);
}
const body = req => new Promise((resolve, reject) => {
  let data = '';
  req.on('data', chunk => { data += chunk; if (data.length > 1e5) req.destroy(); });
  req.on('end', () => { try { resolve(JSON.parse(data || '{}')); } catch (e) { reject(e); } });
  req.on('error', reject);
});
const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, `http://${req.headers.host}`);
  if (req.method === 'POST' && url.pathname === '/links') {
    const { target } = await body(req).catch(() => ({}));
    if (!/^https?:\/\//.test(target)) return send(res, 400, { error: 'target must be a URL' });
    const code = Math.random().toString(36).slice(2, 8);
    links.set(code, target);
    return send(res, 201, { code, url: `${url.origin}/${code}` });
  }
  if (url.pathname === '/' || url.pathname === '/health') return send(res, 200, { ok: true, links: links.size });
  const target = links.get(url.pathname.slice(1));
  return target ? send(res, 302, '', { location: target }) : send(res, 404, { error: 'unknown code' });
});
server.listen(Number(process.env.PORT) || 3000, '0.0.0.0', () => console.log('ready'));
