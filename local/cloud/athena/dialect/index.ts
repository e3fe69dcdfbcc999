export { MACROS } from "./macros";
export { parseStatement, type Statement } from "./statement";
export { tablesOf, translate, type TableName } from "./translate";
