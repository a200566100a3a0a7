export const answer = () => 'ok';
