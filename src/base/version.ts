/** Of this program: package.json says the same. */
export const tracerVersion = '0.1.0';
