package world_test

var iamSimulationCases = []iamCase{}
