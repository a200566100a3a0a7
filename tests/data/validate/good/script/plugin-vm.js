const vm = require('node:vm');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
if (isMainThread) {
  const context = vm.createContext({ console, result: 0 });
  vm.runInContext('for (let i = 0; i < 10; i++) result += i * i', context);
  console.log('squares', context.result, eval('1 + 1'), new Function('a', 'b', 'return a * b')(6, 7));
  const jobs = [1, 2, 3].map(n => new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: n });
    worker.once('message', resolve).once('error', reject);
  }));
  Promise.all(jobs).then(all => { console.log(all); process.exit(0); }, error => { console.error(error); process.exit(1); });
} else {
  parentPort.postMessage(workerData ** 3);
}
