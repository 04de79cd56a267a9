// numpy.random.default_rng((a, b, ...)), bit for bit: its uniform numbers and its shuffles. The numbers of the seed are
// hashed into a state as numpy's SeedSequence does (M. O'Neill's seed_seq_fe), which PCG64 (XSL-RR) then steps through.

const POOL = 4;
const [INIT_A, MULT_A, INIT_B, MULT_B] = [0x43b0d7e5, 0x931e8875, 0x8b51f9dd, 0x58f38ded];
const [MIX_LEFT, MIX_RIGHT] = [0xca01f9dd, 0x4973f715];

const folded = (word) => (word ^ (word >>> 16)) >>> 0;

// A function that hashes one word after the other, each with another constant.
const hasher = (constant, multiplier) => (word) => {
  const mixed = word ^ constant;
  constant = Math.imul(constant, multiplier);
  return folded(Math.imul(mixed, constant));
};

// `count` words of 32 bits from the numbers of a seed.
const seedWords = (entropy, count) => {
  const hash = hasher(INIT_A, MULT_A);
  const mix = (x, y) => folded(Math.imul(MIX_LEFT, x) - Math.imul(MIX_RIGHT, y));
  const pool = Array.from({ length: POOL }, (_, i) => hash(entropy[i] ?? 0));
  for (let from = 0; from < Math.max(POOL, entropy.length); from++) {
    for (let to = 0; to < POOL; to++) {
      if (from !== to) pool[to] = mix(pool[to], hash(from < POOL ? pool[from] : entropy[from]));
    }
  }
  const draw = hasher(INIT_B, MULT_B);
  return Array.from({ length: count }, (_, i) => draw(pool[i % POOL]));
};

// Numbers of 128 bits are eight of 16, the lowest first: products of these, and sums of such, are exact.
const LIMBS = 8;
const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360];

// Words of 32 bits as numpy's seeding takes them: two for each number of 64 bits, of which the higher comes first.
const limbs = ([c, d, a, b]) => [a, b, c, d].flatMap((word) => [word & 0xffff, word >>> 16]);

export class Generator {
  #state = new Uint16Array(LIMBS);
  #increment;
  #high = 0;
  #low = 0;
  #kept = null;

  constructor(...entropy) {
    for (const number of entropy) {
      if (!(Number.isInteger(number) && number >= 0 && number < 2 ** 32)) {
        throw new RangeError(`a seed is made of whole numbers from 0 to 2^32 - 1; got ${number}`);
      }
    }
    const words = seedWords(entropy, LIMBS); // state and sequence, 128 bits each
    const sequence = limbs(words.slice(4));
    this.#increment = sequence.map((limb, i) => ((limb << 1) & 0xffff) | (i ? sequence[i - 1] >>> 15 : 1));
    this.#step();
    let carry = 0;
    limbs(words).forEach((limb, i) => {
      carry += this.#state[i] + limb;
      this.#state[i] = carry;
      carry >>>= 16;
    });
    this.#step();
  }

  // state = state * multiplier + increment, modulo 2^128.
  #step() {
    const state = this.#state;
    const next = new Uint16Array(LIMBS);
    let sum = 0;
    for (let k = 0; k < LIMBS; k++) {
      sum += this.#increment[k];
      for (let i = 0; i <= k; i++) sum += state[i] * MULTIPLIER[k - i];
      next[k] = sum % 65536;
      sum = Math.floor(sum / 65536);
    }
    this.#state = next;
  }

  // The next 64 random bits, as two words: the halves of the state, xored and rotated by its highest six bits.
  #draw() {
    this.#step();
    const s = this.#state;
    const low = ((s[1] ^ s[5]) << 16) | (s[0] ^ s[4]);
    const high = ((s[3] ^ s[7]) << 16) | (s[2] ^ s[6]);
    const turn = s[7] >>> 10;
    const [a, b] = turn < 32 ? [low, high] : [high, low];
    const by = turn % 32;
    this.#low = by ? (a >>> by) | (b << (32 - by)) : a;
    this.#high = by ? (b >>> by) | (a << (32 - by)) : b;
  }

  // Uniform from 0 to below 1.
  random() {
    this.#draw();
    return ((this.#high >>> 0) * 2 ** 21 + (this.#low >>> 11)) / 2 ** 53;
  }

  // 32 random bits; of every 64 the lower come first.
  #word() {
    if (this.#kept !== null) {
      const word = this.#kept;
      this.#kept = null;
      return word;
    }
    this.#draw();
    this.#kept = this.#high >>> 0;
    return this.#low >>> 0;
  }

  // A whole number from 0 to `last`, all equally likely: as many bits as that needs, until they are no more than it.
  #upTo(last) {
    const mask = 2 ** (32 - Math.clz32(last)) - 1;
    for (;;) {
      const number = (this.#word() & mask) >>> 0;
      if (number <= last) return number;
    }
  }

  // Shuffle an array in place, as `shuffle` and `permuted` do.
  shuffle(array) {
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.#upTo(i);
      [array[i], array[j]] = [array[j], array[i]];
    }
    return array;
  }
}
