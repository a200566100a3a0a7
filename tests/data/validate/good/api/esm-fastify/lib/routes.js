export async function routes(app) {
  app.get('/notes', async () => app.store.get().notes);
  app.post('/notes', { schema: { body: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } } }, async (request, reply) => {
    const { notes } = app.store.get();
    const note = { id: notes.length + 1, ...request.body };
    await app.store.set({ notes: [...notes, note] });
    return reply.code(201).send(note);
  });
}
