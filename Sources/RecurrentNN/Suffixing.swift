/// Adds an ending to the names of parameters, such as `_l0` for the first of several layers.
package struct Suffixing<Visitor: ParameterVisitor>: ParameterVisitor {
    package var visitor: Visitor
    let suffix: String

    package init(visitor: Visitor, suffix: String) { (self.visitor, self.suffix) = (visitor, suffix) }

    package var prefix: String {
        get { visitor.prefix }
        set { visitor.prefix = newValue }
    }
    package mutating func visit(_ path: String, _ parameter: inout Parameter) {
        visitor.visit(path + suffix, &parameter)
    }
}
