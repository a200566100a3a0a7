class Account {
  static #count = 0;
  static { Account.created = new Date(0); }
  #balance = 0;
  constructor(owner) { this.owner = owner; Account.#count++; }
  static isAccount(o) { return #balance in o; }
  get balance() { return this.#balance; }
  deposit(amount) { if (amount <= 0) throw new RangeError('amount must be positive'); this.#balance += amount; return this; }
  static get count() { return Account.#count; }
}
const a = new Account('Ann').deposit(50), b = new Account('Bob');
b.deposit(1_000_000n > 5n ? 20 : 0);
label: for (const x of [1, 2, 3]) { for (const y of [1, 2, 3]) { if (x * y === 4) break label; console.log(x, y); } }
a.note ||= 'vip'; a.note &&= a.note.toUpperCase(); a.missing ??= Object.hasOwn(a, 'note');
console.log(a.balance, b.balance, Account.count, Account.isAccount(a), a.note, [1, 2, 3].at(-1), a?.profile?.name ?? 'none');
const t = (s, ...v) => s.raw.join('|') + v.join();
console.log(t`x${1}y\u{1F600}${2}`, new Error('outer', { cause: 'inner' }).cause);
