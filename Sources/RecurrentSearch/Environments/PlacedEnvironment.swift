/// An environment that can be put into any state, so that it can be held against another program.
package protocol PlacedEnvironment: Environment {
    /// Its state as numbers.
    var place: [Double] { get set }
}

extension CartPole: PlacedEnvironment {
    package var place: [Double] {
        get { [state.position, state.speed, state.angle, state.turn] }
        set {
            state = State(position: newValue[0], speed: newValue[1], angle: newValue[2], turn: newValue[3])
        }
    }
}

extension Pendulum: PlacedEnvironment {
    package var place: [Double] {
        get { [angle, turn] }
        set { (angle, turn) = (newValue[0], newValue[1]) }
    }
}

extension Acrobot: PlacedEnvironment {
    package var place: [Double] {
        get { [state.angle1, state.angle2, state.turn1, state.turn2] }
        set {
            state = State(angle1: newValue[0], angle2: newValue[1], turn1: newValue[2], turn2: newValue[3])
        }
    }
}

extension MountainCar: PlacedEnvironment {
    package var place: [Double] {
        get { [position, speed] }
        set { (position, speed) = (newValue[0], newValue[1]) }
    }
}
