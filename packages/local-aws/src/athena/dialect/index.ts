export { MACROS } from "./macros";
export { parseStatement, type Statement } from "./statement";
export { isNode, nameOf, type Node, nodesOf } from "./syntaxTree";
export { tablesOf, type TableName } from "./tables";
export { translate } from "./translate";
