Frugal.addClaims('{"board":"deforestation-offline-05fa819d","claims":{"0":[3,1,2]}}');
