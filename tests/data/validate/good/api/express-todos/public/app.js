document.addEventListener('DOMContentLoaded', async () => {
  const list = document.getElementById('list');
  for (const t of await (await fetch('/todos')).json()) { const li = document.createElement('li'); li.textContent = t.title; list.append(li); }
});
