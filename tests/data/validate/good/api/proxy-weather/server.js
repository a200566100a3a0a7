import http from 'node:http';
import process from 'node:process';
const cache = new Map();
async function cached(url) {
  const hit = cache.get(url);
  if (hit && Date.now() - hit.at < 60_000) return hit.data;
  const res = await fetch(url, { headers: { authorization: `Bearer ${process.env.WEATHER_TOKEN ?? ''}` }, signal: AbortSignal.timeout(5000) });
  const data = await res.json();
  cache.set(url, { at: Date.now(), data });
  return data;
}
async function poll() {
  for (;;) {
    await cached('https://api.open-meteo.com/v1/forecast?latitude=52.5&longitude=13.4&current_weather=true').catch(() => {});
    await new Promise(r => setTimeout(r, 300_000));
  }
}
poll();
http.createServer(async (req, res) => {
  try {
    const data = await cached('https://api.open-meteo.com/v1/forecast?latitude=52.5&longitude=13.4&current_weather=true');
    res.setHeader('content-type', 'application/json').end(JSON.stringify(data));
  } catch (error) { res.writeHead(502).end(error.message); }
}).listen({ port: +(process.env.PORT || 3000) });
