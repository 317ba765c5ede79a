// Objects to JSON and back: V8 has a heap of its own, malloc serves its buffers, zones and workers.
const count = Number(process.argv[2]);
const parts = [];
for (let n = 0; n < count / 10; n++) parts.push({ n, name: 'part ' + n, places: [n % 7, n % 11] });
let length = 0;
for (let round = 0; round < 10; round++) length += JSON.parse(JSON.stringify(parts)).length;
console.log(length);
